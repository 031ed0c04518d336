import { constants } from 'node:fs';
import { chmod, copyFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectory } from '../host/make-directory.js';

/**
 * Files of a loan. They are copies, which share their blocks where the file system can: what a build writes into one of
 * them, or notes in its extended attributes, reaches no other build.
 */
export class LentFiles {
  readonly #states = new Map<string, string>();

  /** @returns whether the file is there: another build may replace it at this moment */
  async lend(from: string, to: string): Promise<boolean> {
    try {
      makeDirectory(dirname(to));
      await copyFile(from, to, constants.COPYFILE_FICLONE);
      this.#states.set(to, await stateOf(to));
      return true;
    } catch {
      await rm(to, { force: true }).catch(() => undefined);
      return false;
    }
  }

  /**
   * Moves a plain file among the shared ones, unless it is as it was lent. Its time of modification becomes that at which
   * it was kept.
   */
  async keep(from: string, to: string): Promise<void> {
    if (this.#states.get(from) === (await stateOf(from))) return;
    makeDirectory(dirname(to));
    // The tree's root may have made it a program that runs with another user's rights.
    await chmod(from, 0o644);
    const now = new Date();
    await utimes(from, now, now);
    await rename(from, to);
  }
}

/** Changes when a file is replaced or written to. */
async function stateOf(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path);
  return [ino, size, mtimeMs].join();
}
