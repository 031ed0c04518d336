import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { withFileLock } from '../host/file-lock.js';
import type { Caller, Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import { suiteIndexes, updateIndexes, type IndexRecord, type SuiteIndexes } from './apt/indexes.js';
import { keepNothing, keepPackages, keptPreferences } from './apt/kept.js';
import { aptRoot, type AptRoot } from './apt/private-root.js';
import { aptSolver, solve, type Chosen } from './apt/solve.js';
import { newestVersions } from './apt/newest.js';
import type { Wish } from './apt/wish.js';
import { contentsDigest, type LockedFile, type LockedPackage, type PackageLock } from './lock-file.js';
import { packagingOf } from './facts.js';
import type { PackageCache } from './package-cache.js';
import { installerParts, type InstallerParts } from './installer-parts.js';
import { offeredNow } from './offered.js';
import { expectKeyring } from './package-source.js';
import { fillPool } from './pool.js';
import { chooseRpm, dnfDirectory } from './rpm/make-lock.js';
import { expectSigned } from './rpm/signatures.js';
import { dnfSolver } from './rpm/solve.js';
import { recordedIn, stillThere } from './recorded.js';
import { refuseOlder } from './refuse-older.js';
import { reasonsFor } from './reasons.js';
import { goneMessage, notFetchedMessage } from './gone.js';
import { inputDigest, recordedRequest, type PackageRequest } from './request.js';

/** What may change in a lock that is there. */
export type Update =
  { readonly kind: 'nothing' | 'everything' } | { readonly kind: 'packages'; readonly names: readonly string[] };

/** How a lock is made. */
export interface Locking {
  readonly request: PackageRequest;
  readonly cache: PackageCache;
  /** The lock that is there. */
  readonly old?: PackageLock | undefined;
  readonly update: Update;
  /** What the installer was seen to add, by name; undefined: what the lock that is there has of it. */
  readonly recorded?: readonly string[] | undefined;
  /** Whether the files of all packages are fetched as well. */
  readonly fetches: boolean;
  /** Brings what the installer starts from into the pool; undefined where the image has none. */
  readonly netboot?: (() => Promise<readonly LockedFile[]>) | undefined;
}

/** The solver of this machine, as locks record it. */
export async function solverHere(host: Caller, packaging: PackageLock['packaging']): Promise<PackageLock['solver']> {
  if (packaging === 'rpm') return { name: 'dnf', version: await dnfSolver(host) };
  return { name: 'apt', version: await aptSolver(host) };
}

/**
 * Makes the lock of an image: what its request means in the archives now; or with as little difference to the lock that is
 * there as `update` allows.
 *
 * @throws Failure where the archives can't be read or vouched for, or there is no solution
 */
export async function makeLock(host: Host, locking: Locking): Promise<PackageLock> {
  const { request, cache, old } = locking;
  if (packagingOf(request.facts).packaging === 'rpm') return makeRpmLock(host, locking);
  makeDirectory(cache.apt);
  const root = await aptRoot(host, cache.apt, request.facts.arch.debianName, request);
  return withFileLock(host, join(root.directory, '.in-use'), `the indexes in ${root.directory}`, async () => {
    await keepNothing(root);
    await updateIndexes(host, root);
    const indexes = await suiteIndexes(host, root, request);
    refuseOlder(indexes, old?.sources ?? []);
    const offered = await newestVersions(indexes, recordedIn(locking));
    const recorded = stillThere(host, recordedIn(locking), (name) => offered.has(name));
    const chosen = await choose(host, root, indexes, { ...locking, recorded });
    const parts = await installerParts(host, locking);
    const sources = [...indexes, ...parts.indexes];
    const lock = lockOf({ ...request, recorded }, await solverHere(host, 'deb'), sources, chosen, parts);
    if (locking.fetches) await fetchAll(host, cache, root, lock, request);
    return lock;
  });
}

async function makeRpmLock(host: Host, locking: Locking): Promise<PackageLock> {
  const { request, cache, old, update, fetches } = locking;
  const directory = dnfDirectory(cache.dnf, request);
  expectKeyring(request);
  return withFileLock(host, join(directory, '.in-use'), `the indexes in ${directory}`, async () => {
    const staying = old === undefined || update.kind === 'everything' ? [] : stayingOf(old, update);
    const asked = { request, recorded: recordedIn(locking), pool: cache.pool, directory };
    const { chosen, components, offered, indexes } = await chooseRpm(host, asked, staying);
    const recorded = stillThere(host, recordedIn(locking), (name) => offered.includes(name));
    refuseOlder(indexes, old?.sources ?? []);
    const read = components.map((each) => lockedPackage(each, 'installer'));
    const parts = { indexes: [], ...(read.length > 0 && { udebs: read }) };
    const lock = lockOf({ ...request, recorded }, await solverHere(host, 'rpm'), indexes, chosen, parts);
    if (fetches) await fetchAll(host, cache, await downloads(host, cache, lock.architecture), lock, request);
    const isVouchedFor = indexes.every(({ signers }) => signers.length > 0);
    if (fetches && !isVouchedFor) await expectSigned(host, cache.pool, lock.packages, request.keyring);
    return lock;
  });
}

/** apt's downloader gets rpm's files as well: it needs no archive for that. */
async function downloads(host: Host, { apt }: PackageCache, architecture: string): Promise<AptRoot> {
  makeDirectory(apt);
  return aptRoot(host, apt, architecture, { sources: [], keyring: undefined });
}

function stayingOf(old: PackageLock, update: Update): readonly LockedPackage[] {
  const moved = update.kind === 'packages' ? withSiblings(old, update.names) : [];
  return old.packages.filter(({ name }) => !moved.includes(name));
}

async function choose(
  host: Host,
  root: AptRoot,
  indexes: readonly SuiteIndexes[],
  { request, cache, old, update, recorded = [] }: Locking,
): Promise<Chosen[]> {
  const { group, further } = request;
  const wish: Wish = {
    names: [...[...group.members, ...further].map(({ name }) => name), ...recorded],
    excluded: group.excluded,
    recommends: group.recommends,
  };
  if (old === undefined || update.kind === 'everything') return solve(host, root, indexes, wish);
  const moved = new Set(update.kind === 'packages' ? withSiblings(old, update.names) : []);
  for (;;) {
    const staying = old.packages.filter(({ name }) => !moved.has(name));
    const lost = await keepPackages(host, root, indexes, cache.pool, staying);
    for (const { name, version } of lost) {
      host.log.warn(`${name} ${version} is neither in the archives nor in the pool: it can't be kept`);
    }
    try {
      return await solve(host, root, indexes, { ...wish, preferences: keptPreferences }, old.packages);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // What is to stay stands in the way of what moves.
      const further = [...error.message.matchAll(/(?:Depends|PreDepends|Breaks|Conflicts): (\S+)/g)]
        .map(([, name = '']) => name.replace(/:.*$/, ''))
        .filter((name) => !moved.has(name) && staying.some((each) => each.name === name));
      if (further.length === 0) throw error;
      for (const name of withSiblings(old, further)) moved.add(name);
    }
  }
}

/** These packages, and others from the same sources: they mostly need each other in the same version. */
function withSiblings({ packages }: PackageLock, names: readonly string[]): string[] {
  const sourceOf = ({ name, source }: LockedPackage) => (source ?? name).replace(/ .*$/, '');
  const unknown = names.filter((each) => !packages.some(({ name }) => name === each));
  if (unknown.length > 0) {
    throw new Failure(`the lock has no package ${unknown.map((each) => `'${each}'`).join(', ')}`, {
      hint: "'--update' alone takes the newest version of every package.",
    });
  }
  const sources = new Set(packages.filter(({ name }) => names.includes(name)).map(sourceOf));
  return packages.filter((each) => sources.has(sourceOf(each))).map(({ name }) => name);
}

function lockOf(
  request: PackageRequest & { readonly recorded: readonly string[] },
  solver: PackageLock['solver'],
  indexes: readonly IndexRecord[],
  chosen: readonly Chosen[],
  { udebs, netboot }: InstallerParts,
): PackageLock {
  const { packaging, architecture } = packagingOf(request.facts);
  const seen = request.recorded.map((name) => ({ name, why: 'installer' as const }));
  const reasons = reasonsFor({ ...request, further: [...request.further, ...seen] }, chosen);
  const recorded = recordedRequest(request);
  const packages = chosen.map((each) => lockedPackage(each, reasons.get(each) ?? ''));
  return {
    format: 1,
    image: request.image,
    ...(request.flavor === undefined ? {} : { flavor: request.flavor }),
    groups: [...request.groups].sort(),
    packaging,
    distribution: request.facts.distribution,
    architecture,
    inputs: inputDigest(recorded),
    request: recorded,
    ...(request.recorded.length > 0 && { recorded: [...request.recorded].sort() }),
    solver,
    contents: contentsDigest({ packages, udebs, netboot }),
    sources: indexes.map(recordOf),
    totals: {
      ...{ packages: packages.length, bytes: packages.reduce((sum, { size }) => sum + size, 0) },
      ...(udebs && { udebs: udebs.length }),
    },
    packages,
    ...(udebs && { udebs }),
    ...(netboot && { netboot }),
  };
}

function lockedPackage(each: Chosen, why: string): LockedPackage {
  const { name, version, architecture, source, priority, suite, path, size, sha256 } = each;
  return {
    ...{ name, version, architecture },
    ...(source === undefined ? {} : { source }),
    ...(['required', 'important', 'standard'].includes(priority) ? { priority } : {}),
    ...{ suite, path, size, sha256, why },
  };
}

function recordOf({ suite, components, signers, date, release, indexes }: IndexRecord): IndexRecord {
  return { suite, components, signers, date, release, indexes };
}

/** The packages of a lock, and the components of the installer. */
function everyFile({ packages, udebs = [] }: PackageLock): readonly LockedPackage[] {
  return [...packages, ...udebs];
}

async function fetchAll(
  host: Host,
  cache: PackageCache,
  root: AptRoot,
  lock: PackageLock,
  request: PackageRequest,
): Promise<void> {
  const { gone } = await fillPool(host, cache.pool, root, everyFile(lock), request);
  if (gone.length > 0) throw notFetchedMessage(gone);
}

/**
 * Brings every package of a lock into the pool.
 *
 * @returns how many were fetched
 * @throws Failure with a table of what is nowhere, and what the mirror offers instead
 */
export async function fetchLocked(
  host: Host,
  { request, cache }: Pick<Locking, 'request' | 'cache'>,
  lock: PackageLock,
): Promise<number> {
  const isRpm = lock.packaging === 'rpm';
  makeDirectory(cache.apt);
  const root = isRpm
    ? await downloads(host, cache, lock.architecture)
    : await aptRoot(host, cache.apt, lock.architecture, request);
  const { fetched, gone } = await fillPool(host, cache.pool, root, everyFile(lock), request);
  if (gone.length === 0) return fetched;
  const names = gone.map(({ locked }) => locked.name);
  throw goneMessage(gone, await offeredNow(host, { request, cache, root: isRpm ? undefined : root }, names));
}
