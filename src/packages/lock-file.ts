import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../host/failure.js';
import { makeDirectory } from '../host/make-directory.js';
import { reasonOf } from '../host/errno.js';
import { writeSynced } from '../host/synced-file.js';
import type { IndexRecord } from './apt/indexes.js';
import { inputDigest, type RecordedRequest } from './request.js';

/** One package of a lock. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The source package, where it has another name or version. */
  readonly source?: string;
  /** Only what an installer of a base system goes by: `required`, `important`, `standard`. */
  readonly priority?: string;
  /** The suite that it is from, and its path below the archive. */
  readonly suite: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** `essential`, `group web`, `depends of nginx`, `recommends of nginx`, `option firewall`, `answer file`, `installer`. */
  readonly why: string;
}

/** The exact packages of an image of a flavor. Plain data, without hosts and times of day. */
export interface PackageLock {
  readonly format: 1;
  readonly image: string;
  readonly flavor?: string;
  readonly groups: readonly string[];
  /** How packages are packed. */
  readonly packaging: 'deb' | 'rpm';
  readonly distribution: string;
  readonly architecture: string;
  /** The digest of `request`. */
  readonly inputs: string;
  readonly request: RecordedRequest;
  /** Names of packages that the installer was seen to add to those that are asked for. */
  readonly recorded?: readonly string[];
  readonly solver: { readonly name: string; readonly version: string };
  /** The digest of everything that is locked (see `contentsDigest`); locks of earlier releases have none. */
  readonly contents?: string;
  readonly sources: readonly IndexRecord[];
  /** Those of the image, and how many components the installer has. */
  readonly totals: { readonly packages: number; readonly bytes: number; readonly udebs?: number };
  /** By name and architecture. */
  readonly packages: readonly LockedPackage[];
  /** What the installer consists of, and the image does not have: components of debian-installer, packages that YaST reads. */
  readonly udebs?: readonly LockedPackage[];
  /** What the installer starts from, which takes components of its own version only. */
  readonly netboot?: readonly LockedFile[];
}

/** A file that is no package. */
export interface LockedFile {
  /** The option that names it: `linux`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** The text of a lock: sorted, and one package a line. */
export function lockText(lock: PackageLock): string {
  const { packages, sources, udebs, netboot, ...head } = lock;
  const lines = Object.entries(head).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const list = (name: string, items: readonly unknown[]) =>
    `  ${JSON.stringify(name)}: [\n${items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`;
  const lists = [
    ...[list('sources', sources), list('packages', packages)],
    ...(udebs ? [list('udebs', udebs)] : []),
    ...(netboot ? [list('netboot', netboot)] : []),
  ];
  return `{\n${[...lines, ...lists].join(',\n')}\n}\n`;
}

interface Contents {
  readonly packages: readonly LockedPackage[];
  readonly udebs?: readonly LockedPackage[] | undefined;
  readonly netboot?: readonly LockedFile[] | undefined;
}

/** The digest of all that is locked, so that an edit of one line is seen before anything is built. */
export function contentsDigest({ packages, udebs, netboot }: Contents): string {
  return createHash('sha256')
    .update(JSON.stringify([packages, udebs ?? [], netboot ?? []]))
    .digest('hex');
}

/** The digest of what a tree of these packages depends on: which they are, and where each lies does not matter. */
export function lockDigest({ packages, architecture }: Pick<PackageLock, 'packages' | 'architecture'>): string {
  const files = packages.map(({ name, architecture: of, sha256, why }) => [name, of, sha256, why === 'essential']);
  return createHash('sha256')
    .update(JSON.stringify([architecture, files]))
    .digest('hex');
}

/** The lock in a file; undefined if there is none. @throws Failure for one that can't be read */
export function readLock(path: string): PackageLock | undefined {
  if (!existsSync(path)) return undefined;
  return parseLock(contentOf(path), path);
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Failure(`can't read the package lock ${path}: ${reasonOf(error)}`);
  }
}

/** @throws Failure that says what is wrong, with the line of a package */
export function parseLock(text: string, path: string): PackageLock {
  const wrong = (what: string) =>
    new Failure(`${path}: ${what}`, {
      hint: "'image-factory lock --update' makes it again; a version control system has the old one.",
    });
  let lock: Partial<PackageLock> | undefined;
  try {
    lock = JSON.parse(text) as Partial<PackageLock>;
  } catch (error) {
    throw wrong(`not a package lock, or only a part of one: ${(error as Error).message}`);
  }
  if (lock === null || typeof lock !== 'object' || lock.format === undefined)
    throw wrong('not a package lock: it has no format');
  if (lock.format !== 1) throw wrong(`it has the format ${String(lock.format)}, and this release reads the format 1`);
  const { packages, request, inputs, udebs = [], netboot = [] } = lock;
  if (
    !Array.isArray(packages) ||
    !Array.isArray(udebs) ||
    request === undefined ||
    inputs === undefined ||
    !Array.isArray(lock.sources)
  ) {
    throw wrong('it lacks packages, request, sources or inputs');
  }
  const unnamed = (lock.recorded ?? []).find((name) => !isPackageName(name));
  if (unnamed !== undefined) throw wrong(`'recorded' names '${String(unnamed)}', which can be no package`);
  if (inputDigest(request) !== inputs) throw wrong(`'request' was changed: its digest is not ${inputs}`);
  const seen = new Set<string>();
  for (const each of [...(packages as LockedPackage[]), ...(udebs as LockedPackage[])]) {
    const fault = packageFault(each);
    const key = `${each.name}:${each.architecture}${(udebs as LockedPackage[]).includes(each) ? ':udeb' : ''}`;
    if (fault !== undefined || seen.has(key)) {
      const line = text.split('\n').findIndex((shown) => shown.includes(JSON.stringify(each))) + 1;
      throw wrong(
        `${line > 0 ? `line ${line}: ` : ''}the package '${String(each.name)}': ${fault ?? 'it is there twice'}`,
      );
    }
    seen.add(key);
  }
  for (const { name, sha256 } of netboot) {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw wrong(`the netboot file '${name}': its sha256 is no SHA-256 sum`);
  }
  const bytes = (packages as LockedPackage[]).reduce((sum, { size }) => sum + size, 0);
  if (lock.totals?.packages !== packages.length || lock.totals.bytes !== bytes) {
    throw wrong(
      `it was changed: it has ${packages.length} packages of ${bytes} bytes, and says ${lock.totals?.packages} of ${lock.totals?.bytes}`,
    );
  }
  if ((lock.totals.udebs ?? 0) !== udebs.length) {
    throw wrong(`it was changed: it has ${udebs.length} components of the installer, and says ${lock.totals.udebs}`);
  }
  const contents = contentsDigest({ packages, udebs, netboot });
  if (lock.contents !== undefined && lock.contents !== contents) {
    throw wrong(`it was changed: what is locked has the SHA-256 sum ${contents}, and 'contents' says ${lock.contents}`);
  }
  return lock as PackageLock;
}

function isPackageName(name: unknown): boolean {
  return typeof name === 'string' && /^[A-Za-z0-9@][A-Za-z0-9+._-]*$/.test(name);
}

/** Paths become names of files: none may lead elsewhere. */
function packageFault({ name, version, architecture, path, size, sha256, suite }: LockedPackage): string | undefined {
  if (!isPackageName(name)) return 'its name can be no package';
  if (typeof version !== 'string' || !/^[A-Za-z0-9.+:~^_-]+$/.test(version)) return 'its version can be none';
  if (typeof architecture !== 'string' || !/^[a-z0-9_]+$/.test(architecture)) return 'its architecture can be none';
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return 'its sha256 is no SHA-256 sum';
  if (!Number.isSafeInteger(size) || size <= 0) return 'its size is no number of bytes';
  if (typeof suite !== 'string') return 'it has no suite';
  if (typeof path !== 'string' || path.startsWith('/') || path.split('/').includes('..'))
    return 'its path leads elsewhere';
  return undefined;
}

/** Writes a lock: the old one or the new one is there, whole. */
export async function writeLock(path: string, lock: PackageLock): Promise<void> {
  makeDirectory(dirname(path));
  const part = `${path}.new`;
  await writeSynced(part, lockText(lock), 'w', 0o644);
  await rename(part, path);
}
