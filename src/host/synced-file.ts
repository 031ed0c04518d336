import { open } from 'node:fs/promises';

/**
 * Writes a file, and brings its content to the disk before it returns: a rename(2) of it then leaves the old file or the
 * new one, whole, even after a power failure.
 *
 * @param flag as open(2) takes it, in Node's letters: `w`, or `wx` where there must be no such file
 * @throws an error of the file system, such as ENOSPC
 */
export async function writeSynced(path: string, text: string, flag: 'w' | 'wx', mode: number): Promise<void> {
  const file = await open(path, flag, mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
