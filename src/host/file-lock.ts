import { spawn } from 'node:child_process';
import { constants, readlinkSync } from 'node:fs';
import { open, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { once } from 'node:events';
import { reasonOf } from './errno.js';
import { Failure } from './failure.js';
import { command, shellLine, type Host } from './host.js';
import { programs } from './programs.js';

// A lock is flock(2) on our own open file: `flock` of util-linux takes it on the standard input that it inherits, and the
// lock stays with the descriptor after flock has exited. So the kernel releases it when this process ends, even by
// SIGKILL, and no helper process has to stay. The file's content, who holds it, is only for messages.

/** The exit code of flock when another process holds the lock. */
export const BUSY = 75;
const FLOCK = ['--exclusive', '--conflict-exit-code', `${BUSY}`];

/** Seconds. A wait that ends before is nothing to tell. */
const usualPatience = 2;

/** Releases the lock now. Otherwise, the build's release stack does. */
export type GiveBack = () => Promise<void>;

/** How a lock is taken. */
export interface LockOptions {
  /** The seconds after which a wait is told (default: {@link usualPatience}). */
  readonly patience?: number;
  /** Whether its file stays. One that is removed is made again, by whoever waits: with one more call of flock. */
  readonly keepsFile?: boolean;
}

/**
 * Runs an action while holding a lock.
 *
 * @param path of the lock file, in a directory that exists
 * @param what is locked, for messages: 'the cache file /var/cache/…/linux'
 */
export async function withFileLock<T>(
  host: Host,
  path: string,
  what: string,
  action: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const giveBack = await waitForLock(host, path, what, options);
  try {
    return await action();
  } finally {
    await giveBack();
  }
}

/**
 * Takes a lock. While another process holds it, it waits, and tells that once if it takes longer.
 *
 * @throws the reason of `host.signal` if that is aborted meanwhile
 */
export async function waitForLock(
  host: Host,
  path: string,
  what: string,
  options: LockOptions = {},
): Promise<GiveBack> {
  const { patience = usualPatience } = options;
  const soon = await lock(host, path, what, ['--timeout', `${patience}`], options);
  if (soon) return soon;
  host.log.info(`Waiting for ${await holderOf(path)}, which is using ${what}`);
  const afterWaiting = await lock(host, path, what, [], options);
  if (afterWaiting) return afterWaiting;
  throw new Failure(`can't lock ${what}: flock did not wait for it`);
}

/** Takes a lock, unless another process holds it: then undefined. */
export async function tryLock(host: Host, path: string, what: string): Promise<GiveBack | undefined> {
  return lock(host, path, what, ['--nonblock']);
}

/**
 * Takes a lock that must be free.
 *
 * @throws Failure that names the process that holds it
 */
export async function claimLock(host: Host, path: string, what: string): Promise<GiveBack> {
  const giveBack = await tryLock(host, path, what);
  if (giveBack) return giveBack;
  throw new Failure(`${what} is in use by ${await holderOf(path)}`, {
    hint: 'Wait for it to finish (a build waits with --wait), or stop it.',
  });
}

/** @returns undefined if another process holds the lock */
async function lock(
  host: Host,
  path: string,
  what: string,
  wait: readonly string[],
  options: LockOptions = {},
): Promise<GiveBack | undefined> {
  for (;;) {
    host.signal.throwIfAborted();
    const file = await openLockFile(path, what);
    try {
      const exitCode = await flock(host, file, what, wait);
      if (exitCode === 0 && (await isStillAt(path, file))) return await hold(host, path, what, file, options);
      await file.close();
      if (exitCode === BUSY) return undefined;
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

async function hold(
  host: Host,
  path: string,
  what: string,
  file: FileHandle,
  { keepsFile = false }: LockOptions,
): Promise<GiveBack> {
  await file.truncate();
  await file.write(`${processSeenOutside()}${host.doing === undefined ? '' : ` ${host.doing}`}\n`, 0);
  return host.release.hold(`the lock of ${what}`, async () => {
    // Removed while still locked: a process that has it open finds it unlinked, and makes a new one.
    await (keepsFile ? file.truncate() : rm(path, { force: true })).finally(() => file.close());
  });
}

/** In a process namespace of its own, a process has another id than others see. That of /proc is theirs. */
function processSeenOutside(): string {
  try {
    return readlinkSync('/proc/self');
  } catch {
    return `${process.pid}`;
  }
}

async function openLockFile(path: string, what: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o666);
  } catch (error) {
    throw new Failure(`can't lock ${what}: ${reasonOf(error)}`, {
      hint: 'Make its directory writable for this user.',
    });
  }
}

/** @returns 0 when the file is ours, BUSY when another process holds it, null when flock was terminated (by Ctrl-C) */
export async function flock(
  host: Host,
  file: FileHandle,
  what: string,
  wait: readonly string[],
): Promise<number | null> {
  const called = command('flock', [...FLOCK, ...wait, '0']);
  host.log.debug(`Calling ${shellLine(called)}`);
  const env = { ...process.env, ...called.env };
  const child = spawn(called.file, called.args, { stdio: [file.fd, 'ignore', 'pipe'], signal: host.signal, env });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null];
    if (exitCode === 0 || exitCode === BUSY || exitCode === null) return exitCode;
  } catch (error) {
    host.signal.throwIfAborted();
    throw new Failure(`can't lock ${what}: flock can't be called: ${reasonOf(error)}`, {
      hint: `Install the package ${programs.flock.package}.`,
    });
  }
  throw new Failure(`can't lock ${what}: ${said.trim()}`);
}

/** Whether an open file or directory is the one that a path leads to now. */
export async function isStillAt(path: string, file: FileHandle): Promise<boolean> {
  const ours = await file.stat();
  const there = await stat(path).catch(() => undefined);
  return there?.ino === ours.ino && there.dev === ours.dev;
}

async function holderOf(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [, pid, doing] = /^(\d+)(?: ([^\p{C}]+))?\n$/u.exec(text) ?? [];
  if (pid === undefined) return 'another process';
  return doing === undefined ? `process ${pid}` : `${doing} (process ${pid})`;
}
