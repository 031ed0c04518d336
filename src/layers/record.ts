import { open, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../host/failure.js';
import { writeSynced } from '../host/synced-file.js';

/** The name under which a record is written before it gets its own. Writers hold the store's lock, so one is enough. */
export function unfinishedName(path: string): string {
  return join(dirname(path), `.${basename(path)}.new`);
}

/**
 * Writes a record so that a crash or a power failure at any moment leaves the old one or the new one, whole.
 *
 * rename(2) replaces the file at once, and both the file's content and the directory are on the disk before it returns.
 */
export async function writeRecord(path: string, record: object): Promise<void> {
  const unfinished = unfinishedName(path);
  await writeSynced(unfinished, `${JSON.stringify(record, undefined, 2)}\n`, 'w', 0o644);
  await rename(unfinished, path);
  await syncDirectory(dirname(path));
}

/**
 * @returns undefined if there is no such file
 * @throws Failure if it is no record
 */
export async function readRecord<T extends object>(path: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record === 'object' && record !== null) return record as T;
  } catch {
    // Told below.
  }
  throw new Failure(`${path}: this is not a record of image-factory`, {
    hint: "'image-factory layer repair' says what can be done.",
  });
}

/** Brings the names in a directory to the disk: what was made, renamed or removed there survives a power failure. */
export async function syncDirectory(path: string): Promise<void> {
  return syncFile(path);
}

/** Brings the content of a file to the disk. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
