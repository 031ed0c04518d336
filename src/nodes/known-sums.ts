import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256Of } from '../host/digest.js';
import type { Caller } from '../host/host.js';

/** A sum, and what the file was like when it was computed. */
interface KnownSum {
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly changed: number;
  readonly inode: number;
  readonly sha256: string;
}

/**
 * The SHA-256 of a file, which is computed only if the file has changed since the last time: any change sets the time of
 * its inode. That of a device is always computed: what is written to it changes nothing about its node.
 *
 * @param cache a directory, which is made
 */
export async function knownSum(caller: Caller, cache: string, path: string): Promise<string> {
  const stats = await stat(path);
  if (!stats.isFile()) return sha256Of(caller, path);
  const index = join(cache, 'sums.json');
  const sums = await readSums(index);
  const { size, ctimeMs: changed, ino: inode } = stats;
  const known = sums[path];
  if (known?.size === size && known.changed === changed && known.inode === inode) return known.sha256;
  const sha256 = await sha256Of(caller, path);
  await mkdir(dirname(index), { recursive: true });
  const unfinished = `${index}.${randomBytes(4).toString('hex')}`;
  // Two builds may do so at once: what one of them forgets is computed again.
  await writeFile(unfinished, JSON.stringify({ ...(await readSums(index)), [path]: { size, changed, inode, sha256 } }));
  await rename(unfinished, index);
  return sha256;
}

async function readSums(index: string): Promise<Record<string, KnownSum>> {
  try {
    return JSON.parse(await readFile(index, 'utf8')) as Record<string, KnownSum>;
  } catch {
    return {};
  }
}
