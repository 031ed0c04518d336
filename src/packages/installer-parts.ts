import type { Host } from '../host/host.js';
import type { IndexRecord } from './apt/indexes.js';
import { chooseUdebs } from './apt/udebs.js';
import type { LockedFile, LockedPackage, PackageLock } from './lock-file.js';
import type { PackageCache } from './package-cache.js';
import type { PackageSource } from './package-source.js';
import { refuseOlder } from './refuse-older.js';
import type { PackageRequest } from './request.js';

/** What the installer of an image consists of. */
export interface InstallerParts {
  readonly indexes: readonly IndexRecord[];
  readonly udebs?: readonly LockedPackage[] | undefined;
  readonly netboot?: readonly LockedFile[] | undefined;
}

/** How they are found: see `Locking`. */
export interface FindingParts {
  readonly request: PackageRequest;
  readonly cache: PackageCache;
  readonly old?: PackageLock | undefined;
  readonly update: { readonly kind: string };
  readonly netboot?: (() => Promise<readonly LockedFile[]>) | undefined;
}

/**
 * The components of the installer, and what it starts from. They belong together, and stay as
 * they are unless everything is to be new.
 *
 * @throws Failure where they can't be read or vouched for, or are older than those that are locked
 */
export async function installerParts(
  host: Host,
  { request, cache, old, update, netboot }: FindingParts,
): Promise<InstallerParts> {
  const { udebs } = request;
  if (udebs === undefined) return { indexes: [] };
  const kept = old?.sources.find(({ suite, components }) => isSource(udebs, suite, components));
  if (update.kind !== 'everything' && kept !== undefined && old?.udebs !== undefined) {
    return { indexes: [kept], udebs: old.udebs, netboot: old.netboot };
  }
  const found = await chooseUdebs(host, cache.apt, request, udebs);
  refuseOlder([found.index], kept ? [kept] : []);
  return { indexes: [found.index], udebs: found.udebs, netboot: await netboot?.() };
}

function isSource(source: PackageSource, suite: string, components: readonly string[]): boolean {
  return source.suite === suite && source.components.join(' ') === components.join(' ');
}
