import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeDirectory } from '../host/make-directory.js';
import { lockText } from '../packages/lock-file.js';
import type { UsedLock } from '../packages/use-lock.js';
import type { BuildState } from './build.js';

/** Keeps the lock that a build goes by in its work directory: the file beside the configuration may change meanwhile. */
export async function keepLock(
  workDir: string,
  path: string,
  { lock, isFile }: UsedLock,
): Promise<NonNullable<BuildState['packageLock']>> {
  const copy = join(workDir, 'package-lock.json');
  const text = lockText(lock);
  makeDirectory(workDir);
  await writeFile(copy, text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { ...(isFile && { name: basename(path) }), sha256, packages: lock.totals.packages, copy };
}
