import { existsSync } from 'node:fs';
import type { Configuration } from '../config/configuration.js';
import { isImage, splitName } from '../config/flavored-name.js';
import { lockPath } from '../config/lock-path.js';
import { parentNames } from '../config/parent-names.js';
import { didYouMean } from '../config/suggestion.js';
import { Failure, UsageError } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { ReleaseStack } from '../host/release-stack.js';
import { packagingOf } from '../packages/facts.js';
import { changeLine, differencesOf, staleness, type PackageDifference } from '../packages/differences.js';
import { lockText, readLock, writeLock, type LockedPackage, type PackageLock } from '../packages/lock-file.js';
import { fetchLocked, makeLock, solverHere, type Update } from '../packages/make-lock.js';
import { excluderText } from '../packages/groups.js';
import { lockable, type Lockable } from '../images/installer-packages.js';
import { poolNetbootFiles } from '../images/locked-netboot.js';
import { packageCache, type PackageCache } from '../packages/package-cache.js';
import {
  flavoredName,
  imagesMeant,
  packageRequest,
  recordedRequest,
  type FlavoredImage,
  type PackageRequest,
} from '../packages/request.js';
import { shownPath } from '../host/shown-path.js';
import { noLock, staleLock } from '../packages/use-lock.js';
import { briefLog } from './brief-log.js';
import { loadConfiguration } from './configuration.js';
import { expectInstalled, recordedFrom } from './recorded-packages.js';
import { columns, spokenSize } from './tables.js';
import { untilSignalled } from './signals.js';

export interface LockFlags {
  readonly config?: string;
  readonly flavor?: readonly string[];
  readonly arch?: string;
  readonly update?: readonly string[] | true;
  readonly fromImage?: string;
  readonly check?: boolean;
  readonly fetch: boolean;
  readonly cacheDir?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Makes, checks or fetches the package locks of images. `lock fetch IMAGE` fills the pool from a lock that is there. */
export async function lock(words: readonly string[], flags: LockFlags): Promise<void> {
  const [first, ...others] = words;
  if (first === undefined) throw new UsageError(["no image given: 'image-factory lock IMAGE'"]);
  const configuration = loadConfiguration(flags.config);
  const fetches = first === 'fetch' && configuration.kind('fetch') === undefined;
  const named = fetches ? others : words;
  if (fetches && named.length === 0) throw new UsageError(["no image given: 'image-factory lock fetch IMAGE'"]);
  if (flags.check && flags.update !== undefined) throw new UsageError(['--check changes nothing: leave --update out']);
  if (flags.fromImage !== undefined && (fetches || flags.check))
    throw new UsageError([`--from-image changes a lock: leave ${fetches ? 'fetch' : '--check'} out`]);
  const images = named.flatMap((name) => imagesMeant(configuration, name, flags.flavor));
  const requests = await requestsOf(configuration, images, flags.arch);
  if (flags.fromImage !== undefined) expectInstalled(requests, flags.fromImage);
  const log = briefLog(flags);
  try {
    await untilSignalled(async (signal) => {
      const host = { log, signal, release: new ReleaseStack() };
      await host.release.after(log, async () => {
        for (const { request, installed } of requests) {
          const cache = cacheOf(configuration, request, flags);
          if (fetches) await fetchOne(host, pathOf(configuration, request, flags), request, cache);
          else if (flags.check) await checkOne(host, configuration, request, flags);
          else await lockOne(host, configuration, { request, installed }, cache, flags);
        }
      });
    });
  } finally {
    log.close();
  }
}

/** Every problem of all of them at once, before anything is done. */
async function requestsOf(
  configuration: Configuration,
  images: readonly FlavoredImage[],
  arch: string | undefined,
): Promise<Lockable[]> {
  const problems: string[] = [];
  const requests: Lockable[] = [];
  for (const image of images) {
    try {
      requests.push(await lockable(configuration, image, arch));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new UsageError([...new Set(problems)]);
  return requests;
}

function cacheOf(configuration: Configuration, { image }: FlavoredImage, { cacheDir }: LockFlags): PackageCache {
  return packageCache(cacheDir ?? (configuration.section(image).document.get(image, 'cache_dir') || undefined));
}

/** One that is made for another architecture than the section's has its name beside that of the image. */
function pathOf(configuration: Configuration, request: PackageRequest, { arch }: LockFlags): string {
  return lockPath(configuration, request, arch === undefined ? undefined : request.facts.arch.debianName);
}

async function lockOne(
  host: Host,
  configuration: Configuration,
  { request, installed }: Lockable,
  cache: PackageCache,
  flags: LockFlags,
): Promise<void> {
  const path = pathOf(configuration, request, flags);
  const old = flags.update === true ? readableLock(path, host) : readLock(path);
  const netboot = installed && (() => poolNetbootFiles(host, installed, cache.pool));
  const locking = { request, cache, old, update: updateOf(flags) };
  const recorded = flags.fromImage === undefined ? undefined : await recordedFrom(host, flags.fromImage, locking);
  const made = await makeLock(host, { ...locking, recorded, fetches: flags.fetch, netboot });
  const changes = old === undefined ? [] : differencesOf(old.packages, made.packages);
  if (old === undefined || lockText(old) !== lockText(made)) await writeLock(path, made);
  if (flags.json) {
    console.log(JSON.stringify({ lock: path, totals: made.totals, changes }, undefined, 2));
    return;
  }
  for (const line of changeLines(changes)) console.log(line);
  const size = spokenSize(made.totals.bytes);
  const { udebs: read } = made.totals;
  const udebs = read === undefined ? '' : `, ${read} component${read === 1 ? '' : 's'} of the installer`;
  const what = old === undefined ? '' : changes.length === 0 ? ', unchanged' : `, ${changes.length} changed`;
  console.log(`${shownPath(path)}: ${made.totals.packages} packages, ${size}${udebs}${what}`);
  if (recorded !== undefined) {
    const added = made.recorded ?? [];
    console.log(`The installer added ${added.length === 0 ? 'nothing else' : added.join(', ')}`);
  }
}

/** A damaged lock is no obstacle to making it again from nothing. */
function readableLock(path: string, host: Host): PackageLock | undefined {
  try {
    return readLock(path);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    host.log.warn(error.message);
    return undefined;
  }
}

function updateOf({ update }: LockFlags): Update {
  if (update === undefined) return { kind: 'nothing' };
  return update === true || update.length === 0 ? { kind: 'everything' } : { kind: 'packages', names: update };
}

async function checkOne(
  host: Host,
  configuration: Configuration,
  request: PackageRequest,
  flags: LockFlags,
): Promise<void> {
  const { json } = flags;
  const path = pathOf(configuration, request, flags);
  const there = readLock(path);
  const name = flavoredName(request);
  if (there === undefined) throw noLock(name, path);
  const { packaging, architecture } = packagingOf(request.facts);
  const now = { solver: await solverHere(host, packaging), architecture };
  const stale = staleness(there, recordedRequest(request), now);
  if (json) console.log(JSON.stringify({ lock: path, stale }, undefined, 2));
  else if (stale.length === 0) console.log(`${shownPath(path)}: up to date, ${there.totals.packages} packages`);
  if (stale.length > 0) throw staleLock(name, path, stale);
}

async function fetchOne(host: Host, path: string, request: PackageRequest, cache: PackageCache): Promise<void> {
  const there = expectLock(path, request);
  const fetched = await fetchLocked(host, { request, cache }, there);
  console.log(`${shownPath(path)}: ${there.totals.packages} packages in the pool, ${fetched} fetched`);
}

function expectLock(path: string, image: FlavoredImage): PackageLock {
  const there = readLock(path);
  if (there !== undefined) return there;
  throw noLock(flavoredName(image), path);
}

/** Lines such as `+ nginx 1.26`, `- exim4 4.98`, `~ curl 8.14-1 -> 8.14-2`. */
export function changeLines(changes: readonly PackageDifference[]): string[] {
  return columns(changes.map(changeLine));
}

export interface WhyFlags {
  readonly config?: string;
  readonly flavor?: readonly string[];
  readonly json?: boolean;
}

/** Prints why a package is in the lock of an image, or why it is not; for each flavor. */
export function why(name: string, packageName: string, flags: WhyFlags): void {
  const configuration = loadConfiguration(flags.config);
  const answers = imagesMeant(configuration, name, flags.flavor).map((image) => {
    const there = lockToExplain(configuration, image, packageName);
    return { name: flavoredName(image), ...explained(configuration, image, there, packageName) };
  });
  if (flags.json) console.log(JSON.stringify(answers, undefined, 2));
  else {
    for (const answer of answers) {
      const indent = answers.length > 1 ? '  ' : '';
      if (answers.length > 1) console.log(`${answer.name}:`);
      for (const line of answer.lines) console.log(`${indent}${line}`);
    }
  }
  if (answers.every(({ chain }) => chain.length === 0)) process.exitCode = 1;
}

/**
 * @throws Failure for an image without a lock
 * @throws UsageError for one that can have none, naming that of an ancestor where it has its packages from one
 */
function lockToExplain(configuration: Configuration, image: FlavoredImage, packageName: string): PackageLock {
  const path = lockPath(configuration, image);
  const there = readLock(path);
  if (there !== undefined) return there;
  const name = flavoredName(image);
  const ancestors = parentNames(configuration, name);
  const [parent] = ancestors;
  if (parent === undefined) throw noLock(name, path);
  const locked = ancestors.find(
    (each) => isImage(configuration, each) && existsSync(lockPath(configuration, splitName(configuration, each))),
  );
  const others =
    locked === undefined
      ? 'only images that are installed or made from packages have one'
      : `${locked} has one: image-factory why ${locked} ${packageName}`;
  throw new UsageError([`${name} has no package lock: it is derived from ${parent}; ${others}`]);
}

function explained(
  configuration: Configuration,
  image: FlavoredImage,
  there: PackageLock,
  wanted: string,
): { chain: readonly LockedPackage[]; lines: readonly string[] } {
  const byName = new Map(there.packages.map((each) => [each.name, each]));
  const chain: LockedPackage[] = [];
  for (let each = byName.get(wanted); each !== undefined && !chain.includes(each);) {
    chain.push(each);
    each = byName.get(/^(?:depends|recommends) of (.*)$/.exec(each.why)?.[1] ?? '');
  }
  const [first] = chain;
  const hasGroup = Boolean(configuration.section(image.image).document.get(image.image, 'group'));
  const installer = { further: [{ name: 'apt', why: 'installer' as const }], leftOut: [], udebSuite: undefined };
  const { group } = packageRequest(configuration, image, hasGroup ? undefined : installer);
  if (first === undefined) {
    const left = group.leftOut
      .filter((item) => item.name === wanted)
      .map((item) => `[group ${item.group}]: ${item.why}`);
    const by = group.excluded.get(wanted);
    const reasons = [...left, ...(by === undefined ? [] : [`${excluderText(by)} excludes it`])];
    const hint = reasons.length > 0 ? `: ${reasons.join('; ')}` : didYouMean(wanted, byName.keys());
    return { chain, lines: [`'${wanted}' is not in the lock${hint}`] };
  }
  const lines = chain.map(({ name, why: reason }) => {
    const from = group.members.find((member) => member.name === name)?.from;
    return `${name}: ${from === undefined ? reason : `group ${from.map((path) => path.join(' < ')).join('; ')}`}`;
  });
  return { chain, lines: [`${first.name} ${first.version} ${first.architecture}, from ${first.suite}`, ...lines] };
}
