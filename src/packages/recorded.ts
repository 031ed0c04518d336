import type { Host } from '../host/host.js';
import type { PackageLock } from './lock-file.js';
import type { PackageRequest } from './request.js';

/** What a lock is made from, as far as it tells what an installer was seen to add. */
export interface Recording {
  readonly request: PackageRequest;
  /** The lock that is there. */
  readonly old?: PackageLock | undefined;
  /** Names of packages; undefined: what the lock that is there has of them. */
  readonly recorded?: readonly string[] | undefined;
}

/** What the installer added, and no group leaves out now. */
export function recordedIn({ recorded, old, request }: Recording): readonly string[] {
  return (recorded ?? old?.recorded ?? []).filter((name) => !request.group.excluded.has(name));
}

/** Names of packages may hold versions, such as those of kernels: what the archives have no more is not asked for. */
export function stillThere(
  host: Host,
  recorded: readonly string[],
  isThere: (name: string) => boolean,
): readonly string[] {
  const gone = recorded.filter((name) => !isThere(name));
  if (gone.length > 0) host.log.warn(`The archives do not have what the installer added once: ${gone.join(', ')}`);
  return recorded.filter(isThere);
}
