import { open } from 'node:fs/promises';
import { Failure } from './failure.js';
import { BUSY, flock, isStillAt, type GiveBack } from './file-lock.js';
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
  const letGo = await hold(host, path, what);
  if (letGo !== undefined) return letGo;
  throw new Failure(`${what} is in use by another process`, { hint: 'Wait for it to finish, or stop it.' });
}

/**
 * Makes a directory that this process holds. One that {@link unlessHeld} takes for a leftover before it is held is given
 * up for another one.
 *
 * @param make makes an empty directory, each time under another name
 */
export async function makeHeldDirectory(
  host: Host,
  what: string,
  make: () => Promise<string>,
): Promise<{ readonly path: string; readonly letGo: GiveBack }> {
  for (;;) {
    const path = await make();
    const letGo = await hold(host, path, `${what} ${path}`).catch(ifGone);
    if (letGo !== undefined) return { path, letGo };
  }
}

/** Does something with a directory while this process holds it; nothing if another process does. */
export async function unlessHeld(host: Host, path: string, action: () => Promise<unknown>): Promise<void> {
  const letGo = await hold(host, path, path).catch(ifGone);
  try {
    if (letGo !== undefined) await action();
  } finally {
    await letGo?.();
  }
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

/** @returns undefined if another process holds the directory, or has just moved it */
async function hold(host: Host, path: string, what: string): Promise<GiveBack | undefined> {
  const directory = await open(path);
  try {
    const exitCode = await flock(host, directory, what, ['--nonblock']);
    if (exitCode === 0 && (await isStillAt(path, directory))) {
      return host.release.hold(`the lock of ${what}`, () => directory.close());
    }
  } catch (error) {
    await directory.close();
    throw error;
  }
  await directory.close();
  return undefined;
}

function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
