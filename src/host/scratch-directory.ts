import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
  const start = above === undefined ? join(tmpdir(), 'image-factory-') : join(above, '.image-factory-');
  const directory = await mkdtemp(`${start}${purpose}-`);
  try {
    return await action(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
