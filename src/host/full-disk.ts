import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, hintFor, reasonOf } from './errno.js';

/** Bytes: the least that a directory takes which is not full. Programs write in smaller pieces. */
const someBytes = 2 ** 20;

/**
 * Says that a directory takes no more bytes, and what to do: some programs that a full disk or a quota stops give another
 * reason. Undefined if it does take them, which a look at the free space would not tell: that knows of no quota, and of no
 * bytes that are kept for root.
 */
export async function toldIfFull(directory: string): Promise<string | undefined> {
  const probe = join(directory, `.image-factory-room-${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(probe, randomBytes(someBytes), { flag: 'wx' });
    return undefined;
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(error)?.code ?? '')) return undefined;
    return `${directory} takes no more: ${reasonOf(error)}. ${hintFor(error) ?? ''}`.trimEnd();
  } finally {
    await rm(probe, { force: true });
  }
}
