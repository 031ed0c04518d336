import { open } from 'node:fs/promises';
import { Failure } from './failure.js';
import { BUSY, flock, type GiveBack } from './file-lock.js';
import type { Host } from './host.js';

// flock(2) on a directory itself: the lock needs no file, and goes with the directory when it is renamed or removed. The
// kernel releases it when this process ends.

/**
 * Holds a directory that must be free.
 *
 * @param what the directory is, for messages
 * @throws Failure if another process holds it
 */
export async function holdDirectory(host: Host, path: string, what: string): Promise<GiveBack> {
  const directory = await open(path);
  try {
    if ((await flock(host, directory, what, ['--nonblock'])) === 0) {
      return host.release.hold(`the lock of ${what}`, () => directory.close());
    }
  } catch (error) {
    await directory.close();
    throw error;
  }
  await directory.close();
  throw new Failure(`${what} is in use by another process`, { hint: 'Wait for it to finish, or stop it.' });
}

/** Whether another process holds a directory. */
export async function isDirectoryHeld(host: Host, path: string): Promise<boolean> {
  const directory = await open(path);
  try {
    return (await flock(host, directory, path, ['--nonblock'])) === BUSY;
  } finally {
    await directory.close();
  }
}
