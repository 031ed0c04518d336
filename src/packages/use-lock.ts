import { Failure } from '../host/failure.js';
import type { Caller, Host } from '../host/host.js';
import { shownPath } from '../host/shown-path.js';
import { staleness } from './differences.js';
import { packagingOf } from './facts.js';
import { readLock, type LockedFile, type PackageLock } from './lock-file.js';
import { fetchLocked, makeLock, solverHere } from './make-lock.js';
import type { PackageCache } from './package-cache.js';
import { flavoredName, recordedRequest, type PackageRequest } from './request.js';

/** Whether a lock counts: where there is one; there must be one; the newest packages are taken. */
export type LockPolicy = 'use' | 'required' | 'ignore';

/** What an image is to be built of. */
export interface WantedPackages {
  readonly request: PackageRequest;
  readonly cache: PackageCache;
  /** The file of the lock, whether it is there or not. */
  readonly path: string;
  readonly policy: LockPolicy;
  /** Brings what the installer starts from into the pool; undefined where the image has none. */
  readonly netboot?: ((host: Host) => Promise<readonly LockedFile[]>) | undefined;
}

/** The packages of a build, all of which are in the pool. */
export interface UsedLock {
  readonly lock: PackageLock;
  /** Whether it was there; else it was made for this build alone. */
  readonly isFile: boolean;
}

/**
 * The lock that a build goes by: the one that is there; or without one, what the archives have now.
 *
 * @throws Failure for a stale lock, with the difference; for none where one is required; for packages that are nowhere
 */
export async function lockForBuild(host: Host, wanted: WantedPackages): Promise<UsedLock> {
  const { request, cache, path, policy } = wanted;
  const name = flavoredName(request);
  const there = await lockThere(host, wanted);
  if (there !== undefined) {
    host.log.info(`Package lock ${shownPath(path)}: ${there.totals.packages} packages`);
    const fetched = await fetchLocked(host, { request, cache }, there);
    if (fetched > 0) host.log.info(`Fetched ${fetched} packages that were not in the pool`);
    return { lock: there, isFile: true };
  }
  host.log.info(
    policy === 'ignore'
      ? 'Not using a package lock: taking the newest packages'
      : `No package lock: taking the newest packages; 'image-factory lock ${name}' keeps to them`,
  );
  const netboot = wanted.netboot && (() => wanted.netboot!(host));
  const lock = await makeLock(host, { request, cache, update: { kind: 'everything' }, fetches: true, netboot });
  return { lock, isFile: false };
}

/**
 * The lock that is there and counts; undefined where the newest packages are taken.
 *
 * @throws Failure for a stale lock, with the difference; for none where one is required
 */
export async function lockThere(
  caller: Caller,
  { request, path, policy }: Omit<WantedPackages, 'cache' | 'netboot'>,
): Promise<PackageLock | undefined> {
  const name = flavoredName(request);
  const there = policy === 'ignore' ? undefined : readLock(path);
  if (there !== undefined) {
    const stale = await stalenessHere(caller, request, there);
    if (stale.length > 0) throw staleLock(name, path, stale);
  } else if (policy === 'required') throw noLock(name, path);
  return there;
}

/** Whether a lock is about something else than the configuration says now. */
export async function isLockStale(
  caller: Caller,
  { request }: Pick<WantedPackages, 'request'>,
  lock: PackageLock,
): Promise<boolean> {
  return (await stalenessHere(caller, request, lock)).length > 0;
}

async function stalenessHere(caller: Caller, request: PackageRequest, lock: PackageLock): Promise<string[]> {
  const { packaging, architecture } = packagingOf(request.facts);
  const now = { solver: await solverHere(caller, packaging), architecture };
  return staleness(lock, recordedRequest(request), now);
}

/** Refuses a lock that is not about what the configuration says now. */
export function staleLock(name: string, path: string, stale: readonly string[]): Failure {
  const lines = stale.map((line) => `  | ${line}`).join('\n');
  return new Failure(`the package lock ${shownPath(path)} is stale:\n${lines}`, {
    hint: `'image-factory lock ${name}' brings it up to date, and changes as little as it can.`,
  });
}

/** Refuses to go on without a lock. */
export function noLock(name: string, path: string): Failure {
  return new Failure(`${name} has no package lock: there is no ${shownPath(path)}`, {
    hint: `'image-factory lock ${name}' makes it.`,
  });
}
