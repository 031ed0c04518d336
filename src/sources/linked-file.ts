import { constants } from 'node:fs';
import { copyFile, link, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sha256Of } from '../host/digest.js';
import { Failure } from '../host/failure.js';
import type { Caller } from '../host/host.js';

/**
 * Gives a file a second name: a hard link, or a copy where there can be none (another file system, a file of another
 * user's). What has the name already is replaced in one step.
 */
export async function linkFile(from: string, to: string): Promise<void> {
  const unfinished = join(dirname(to), `.${basename(to)}.${process.pid}.new`);
  try {
    await rm(unfinished, { force: true });
    await link(from, unfinished).catch(async () => {
      await copyFile(from, unfinished, constants.COPYFILE_FICLONE);
      const { atime, mtime } = await stat(from);
      await utimes(unfinished, atime, mtime);
    });
    await rename(unfinished, to);
  } finally {
    // rename(2) leaves both names where they are links to the same file.
    await rm(unfinished, { force: true });
  }
}

/**
 * Links a file that was verified to where only this build uses it.
 *
 * @param sha256 what the file was verified to have
 * @throws Failure where the link has not, because something else writes to the file
 */
export async function pinFile(host: Caller, from: string, to: string, sha256: string): Promise<void> {
  await linkFile(from, to);
  await expectPinned(host, to, sha256);
}

/** @throws Failure unless a pinned file is as it was verified */
export async function expectPinned(host: Caller, path: string, sha256: string): Promise<void> {
  const actual = await sha256Of(host, path);
  if (actual === sha256) return;
  throw new Failure(`${path} was changed after it was verified: its SHA-256 sum is ${actual} instead of ${sha256}`, {
    hint: 'Another program writes to the netboot cache. Build again.',
  });
}
