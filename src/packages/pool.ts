import { createHash } from 'node:crypto';
import { existsSync, statSync, utimesSync } from 'node:fs';
import { chmod, copyFile, link, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { follow, type Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import { claimDirectory } from '../host/abandoned-directories.js';
import { aptCommand, type AptRoot } from './apt/private-root.js';
import type { LockedFile, LockedPackage } from './lock-file.js';
import type { PackagePlaces, PackageSource } from './package-source.js';

/** Where the file of a package lies in the pool: by its SHA-256. */
export function pooled(pool: string, { sha256, path }: Pick<LockedPackage, 'sha256' | 'path'>): string {
  return join(pool, sha256.slice(0, 2), `${sha256}.${path.endsWith('.rpm') ? 'rpm' : 'deb'}`);
}

/** Where a file lies in the pool that is no package. */
export function pooledFile(pool: string, { sha256 }: Pick<LockedFile, 'sha256'>): string {
  return join(pool, sha256.slice(0, 2), `${sha256}.netboot`);
}

/**
 * Notes that a file of the pool is needed, as its time of access: one that is needed now is not removed.
 *
 * @returns whether it is there
 */
export function takeFromPool(file: string): boolean {
  const status = statSync(file, { throwIfNoEntry: false });
  if (status === undefined) return false;
  try {
    utimesSync(file, new Date(), status.mtime);
  } catch {
    // It is another user's, who alone can remove it.
  }
  return true;
}

/** A package that is nowhere, and what was asked. */
export interface Gone {
  readonly locked: LockedPackage;
  readonly asked: readonly { readonly place: string; readonly answer: string }[];
}

/** What was brought into the pool. */
export interface Filled {
  readonly fetched: number;
  readonly bytes: number;
  readonly gone: readonly Gone[];
}

/**
 * Brings packages into the pool: those that are not there from the mirror, at the path that the lock records, else from the
 * archives that the section names. apt's own downloader gets them, with the machine's settings, and each has the sum of the lock.
 */
export async function fillPool(
  host: Host,
  pool: string,
  root: AptRoot,
  packages: readonly LockedPackage[],
  {
    sources,
    archives,
    udebs,
  }: Pick<PackagePlaces, 'sources' | 'archives'> & { readonly udebs?: PackageSource | undefined },
): Promise<Filled> {
  makeDirectory(pool);
  const missing = packages.filter((each) => !takeFromPool(pooled(pool, each)));
  if (missing.length === 0) return { fetched: 0, bytes: 0, gone: [] };
  const asked = new Map(missing.map((each) => [each, [] as Gone['asked'][number][]]));
  let left: readonly LockedPackage[] = missing;
  const suites = [...sources, ...(udebs ? [udebs] : [])].map(({ url, suite }) => ({ url, suite }));
  const places = [...suites, ...archives];
  for (const { url, suite } of places) {
    const here = left.filter((each) => suite === undefined || each.suite === suite);
    if (here.length === 0) continue;
    for (const [each, answer] of await fetchFrom(host, pool, root, url, here))
      asked.get(each)?.push({ place: url, answer });
    left = left.filter((each) => !existsSync(pooled(pool, each)));
  }
  const bytes = missing.reduce((sum, each) => sum + (left.includes(each) ? 0 : each.size), 0);
  return {
    fetched: missing.length - left.length,
    bytes,
    gone: left.map((locked) => ({ locked, asked: asked.get(locked) ?? [] })),
  };
}

/** @returns what one place answers for the packages that it does not give */
async function fetchFrom(
  host: Host,
  pool: string,
  root: AptRoot,
  url: string,
  packages: readonly LockedPackage[],
): Promise<Map<LockedPackage, string>> {
  const claim = { start: join(pool, '.fetch-'), what: 'the packages that are fetched' };
  const { path: scratch, remove } = await claimDirectory(host, claim);
  const answers = new Map<LockedPackage, string>();
  try {
    const said = url.startsWith('file:')
      ? await copyFrom(url, scratch, packages)
      : await download(host, root, url, scratch, packages);
    for (const each of packages) {
      const file = join(scratch, each.sha256);
      const found = existsSync(file) ? await sumOf(file) : undefined;
      if (found === each.sha256) await keep(file, pooled(pool, each));
      else if (found !== undefined) answers.set(each, await otherFile(file, found, each));
      else answers.set(each, refusal(said.get(each) ?? 'not there', each));
    }
  } finally {
    await remove();
  }
  return answers;
}

/** What came instead of a package. */
async function otherFile(file: string, found: string, { size, sha256 }: LockedPackage): Promise<string> {
  const { size: came } = await stat(file);
  if (came < size) return `only ${came} of ${size} bytes came`;
  return `its SHA-256 is ${found}, and the lock says ${sha256}`;
}

/** apt tells of a wrong sum without saying which is right. */
function refusal(answer: string, { sha256 }: LockedPackage): string {
  return /^Hash Sum mismatch/.test(answer) ? `another file than the one with the SHA-256 ${sha256}` : answer;
}

async function copyFrom(
  url: string,
  scratch: string,
  packages: readonly LockedPackage[],
): Promise<Map<LockedPackage, string>> {
  const directory = fileURLToPath(new URL(url.replace(/^file:\/*/, 'file:///')));
  const answers = new Map<LockedPackage, string>();
  for (const each of packages) {
    try {
      await copyFile(join(directory, each.path), join(scratch, each.sha256));
    } catch (error) {
      answers.set(each, reasonOf(error));
    }
  }
  return answers;
}

async function download(
  host: Host,
  root: AptRoot,
  url: string,
  scratch: string,
  packages: readonly LockedPackage[],
): Promise<Map<LockedPackage, string>> {
  const uriOf = (each: LockedPackage) => `${url}/${each.path.split('/').map(encodeURIComponent).join('/')}`;
  const byUri = new Map(packages.map((each) => [uriOf(each), each]));
  const answers = new Map<LockedPackage, string>();
  const words = packages.flatMap((each) => [uriOf(each), join(scratch, each.sha256), `SHA256:${each.sha256}`]);
  let done = 0;
  let last: LockedPackage | undefined;
  const listen = (line: string) => {
    const [, uri] = /^(?:Get|Hit|Err):\d+ (\S+)/.exec(line) ?? [];
    if (uri !== undefined) {
      last = byUri.get(uri) ?? last;
      host.log.progress({ text: 'Fetching packages', fraction: Math.min(1, ++done / packages.length) });
    }
    const [, why] = /^E: Failed to fetch (?:\S+) +(.*)$/.exec(line) ?? /^ {2}(\S.*)$/.exec(line) ?? [];
    const about = /^E: Failed to fetch (\S+)/.exec(line)?.[1];
    const failed = about === undefined ? last : byUri.get(about);
    if (why !== undefined && failed !== undefined) answers.set(failed, why);
  };
  // Arguments are bounded, and so is what one failure loses.
  for (let at = 0; at < words.length; at += 3 * atOnce) {
    try {
      await follow(
        host,
        aptCommand(root, 'apt-helper', ['download-file', ...words.slice(at, at + 3 * atOnce)]),
        listen,
      );
    } catch (error) {
      host.signal.throwIfAborted();
      if (!(error instanceof Failure)) throw error;
      host.log.debug(error.message);
    }
  }
  return answers;
}

const atOnce = 200;

async function keep(file: string, place: string): Promise<void> {
  makeDirectory(dirname(place));
  await chmod(file, 0o444);
  takeFromPool(file);
  await rename(file, place);
}

async function sumOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/**
 * Checks that the pool has what the lock says.
 *
 * @throws Failure that names a file with another content, and the sum that it must have
 */
export async function verifyPooled(pool: string, packages: readonly LockedPackage[]): Promise<void> {
  for (const each of packages) {
    const file = pooled(pool, each);
    const { size } = await stat(file);
    const found = size === each.size ? await sumOf(file) : undefined;
    if (found === each.sha256) continue;
    throw new Failure(
      `${file} is not the package ${each.name} ${each.version} of the lock: ${found === undefined ? `it has ${size} bytes, and must have ${each.size}` : `its SHA-256 is ${found}`}, expected ${each.sha256}`,
      { hint: `Remove the file: 'image-factory lock fetch' gets it again.` },
    );
  }
}

/** Gives a file of the pool another name: a hard link, or a copy on another file system. */
export async function linkPooled(file: string, to: string): Promise<void> {
  makeDirectory(dirname(to));
  try {
    await link(file, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK') throw error;
    await copyFile(file, to);
  }
}
