import { rmSync, statSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';

/** A file of the pool. */
export interface PooledFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** When a build or a lock needed it last. */
  readonly lastUsed: Date;
}

/** The files of a pool. What is fetched at this moment is not among them, nor is the repository of a build. */
export async function pooledFiles(pool: string): Promise<PooledFile[]> {
  const directories = (await readdir(pool).catch(() => [])).filter((name) => /^[0-9a-f]{2}$/.test(name));
  const found: PooledFile[] = [];
  for (const directory of directories) {
    for (const name of await readdir(join(pool, directory))) {
      const [, sha256] = /^([0-9a-f]{64})\.(?:deb|rpm|netboot)$/.exec(name) ?? [];
      const path = join(pool, directory, name);
      const status = sha256 === undefined ? undefined : await stat(path).catch(() => undefined);
      if (sha256 === undefined || status === undefined) continue;
      found.push({ path, sha256, bytes: status.size, lastUsed: status.atime });
    }
  }
  return found;
}

/**
 * Removes a file of the pool, unless something has needed it since the pool was read. In one go, as nothing is locked: a
 * build notes that it needs a file before it uses it.
 *
 * @returns whether it is gone
 */
export function removePooled({ path, lastUsed }: PooledFile): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status !== undefined && status.atimeMs > lastUsed.getTime() + 1) return false;
  rmSync(path, { force: true });
  return true;
}

/**
 * Every SHA-256 in the files of directories of locks. A lock that no build takes any more counts, too: one of an image
 * whose section is gone, one of another release, half of one, one with a conflict of a version control system.
 *
 * @throws Failure for a file that can't be read: what it locks is not known
 */
export async function lockedSums(directories: readonly string[]): Promise<Set<string>> {
  const sums = new Set<string>();
  for (const directory of directories) {
    for (const name of await namesIn(directory)) {
      const path = join(directory, name);
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'EISDIR') return '';
        throw unread(path, error);
      });
      for (const [sum] of text.matchAll(/\b[0-9a-f]{64}\b/g)) sums.add(sum);
    }
  }
  return sums;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unread(directory, error);
  }
}

function unread(path: string, error: unknown): Failure {
  return new Failure(`can't read the package lock ${path}: ${reasonOf(error)}`, {
    hint: 'No file is removed that a lock may name: make it readable, or remove it.',
  });
}
