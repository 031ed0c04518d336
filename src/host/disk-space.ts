import { lstat, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from './failure.js';
import type { Log } from './log.js';

/** What a build will write to a directory, which need not exist yet. In bytes. */
export interface SpaceNeed {
  /** For people: 'the disk'. */
  readonly what: string;
  readonly directory: string;
  /** With less free space, the build can't succeed. */
  readonly least: number;
  /** The most that it may need; at least `least`. */
  readonly most: number;
}

/** A file system, and what will be written to it. */
export interface Volume {
  /** Bytes that this user may still write. */
  readonly free: number;
  readonly needs: readonly SpaceNeed[];
}

/**
 * Checks that there is enough space. Needs on one file system are added up.
 *
 * @param discarded directories that are removed first: their size counts as free
 * @throws Failure that names each directory whose file system has less free space than the least that is needed
 */
export async function checkSpace(
  log: Log,
  needs: readonly SpaceNeed[],
  discarded: readonly string[] = [],
): Promise<void> {
  const { errors, warnings } = shortages(await volumes(needs, discarded));
  if (errors.length > 0) {
    throw new Failure(errors.join('\n'), {
      hint: 'Free some space there, choose another directory, or make the disk smaller (image-size). The option space-check controls this check.',
    });
  }
  warnings.forEach((warning) => log.warn(warning));
}

/** Errors for what does not fit, warnings for what may not fit. */
export function shortages(volumes: readonly Volume[]): { readonly errors: string[]; readonly warnings: string[] } {
  const short = (bound: 'least' | 'most') => volumes.filter(({ free, needs }) => free < total(needs, bound));
  const tooSmall = short('least');
  return {
    errors: tooSmall.map((volume) => `not enough space in ${told(volume, 'least')}`),
    warnings: short('most')
      .filter((volume) => !tooSmall.includes(volume))
      .map((volume) => `Space may run out in ${told(volume, 'most')}`),
  };
}

function total(needs: readonly SpaceNeed[], bound: 'least' | 'most'): number {
  return needs.reduce((sum, need) => sum + need[bound], 0);
}

function told({ free, needs }: Volume, bound: 'least' | 'most'): string {
  // The largest first: that one the user can make smaller.
  const counted = needs.filter((need) => need[bound] > 0).toSorted((one, other) => other[bound] - one[bound]);
  const directories = [...new Set(counted.map(({ directory }) => directory))].join(' and ');
  const parts = counted.map((need) => `${need.what} ${mebibytes(need[bound])}`).join(', ');
  const needed = mebibytes(total(needs, bound));
  return `${directories}: ${needed} needed${counted.length > 1 ? ` (${parts})` : ` for ${counted[0]?.what}`}, ${mebibytes(free)} free`;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

async function volumes(needs: readonly SpaceNeed[], discarded: readonly string[]): Promise<Volume[]> {
  const byDevice = new Map<number, { free: number; needs: SpaceNeed[] }>();
  for (const need of needs) {
    const { device, free } = await fileSystemOf(need.directory);
    const volume = byDevice.get(device) ?? { free, needs: [] };
    volume.needs.push(need);
    byDevice.set(device, volume);
  }
  for (const directory of discarded) {
    const { device, bytes } = await allocated(directory);
    const volume = device === undefined ? undefined : byDevice.get(device);
    if (volume !== undefined) volume.free += bytes;
  }
  return [...byDevice.values()];
}

/** The size of the files below a directory, in bytes; 0 if there is no such directory. */
async function allocated(directory: string): Promise<{ readonly device: number | undefined; readonly bytes: number }> {
  const found = await lstat(directory).catch(() => undefined);
  if (found === undefined) return { device: undefined, bytes: 0 };
  const names = await readdir(directory, { recursive: true });
  const sizes = await Promise.all(
    names.map((name) =>
      lstat(join(directory, name)).then(
        // stat(2): st_blocks counts 512 bytes each, whatever the file system's blocks are.
        ({ blocks }) => blocks * 512,
        () => 0,
      ),
    ),
  );
  return { device: found.dev, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** The file system of the directory, or of its nearest parent that exists. */
async function fileSystemOf(directory: string): Promise<{ device: number; free: number }> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return { device: (await stat(directory)).dev, free: bavail * bsize };
  } catch (error) {
    // A directory that can't be made gets its error when it is made.
    if (dirname(directory) === directory) throw error;
    return fileSystemOf(dirname(directory));
  }
}
