import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from './host.js';

/**
 * Runs an action on an empty directory that only this user can enter. The directory is removed with all that is in it
 * when the action has ended, also after a failure.
 *
 * @param purpose a word for the directory's name, so that one that a crash left tells what it was for
 * @param above where it is made; there, its name is hidden. Default: the directory for temporary files
 */
export async function withScratchDirectory<T>(
  purpose: string,
  action: (directory: string) => Promise<T>,
  above?: string,
): Promise<T> {
  const directory = await makeDirectory(purpose, above);
  try {
    return await action(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A directory that is removed with what a build has taken from the machine. */
export interface HeldDirectory {
  readonly path: string;
  /** Removes it now, with all that is in it. */
  readonly remove: () => Promise<void>;
}

/**
 * As {@link withScratchDirectory}, for what is mounted or served below the directory: it is removed after all that the
 * build took later, removing is tried again, and what can't be removed is told.
 */
export async function holdScratchDirectory(
  { release }: Pick<Host, 'release'>,
  purpose: string,
  above?: string,
): Promise<HeldDirectory> {
  const path = await makeDirectory(purpose, above);
  const remove = release.hold(`the directory ${path}`, () => rm(path, { recursive: true, force: true }));
  return { path, remove };
}

function makeDirectory(purpose: string, above: string | undefined): Promise<string> {
  const start = above === undefined ? join(tmpdir(), 'image-factory-') : join(above, '.image-factory-');
  return mkdtemp(`${start}${purpose}-`);
}
