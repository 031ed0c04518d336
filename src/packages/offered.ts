import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { suiteIndexes, updateIndexes } from './apt/indexes.js';
import { keepNothing } from './apt/kept.js';
import { newestVersions } from './apt/newest.js';
import type { AptRoot } from './apt/private-root.js';
import type { PackageCache } from './package-cache.js';
import type { PackageRequest } from './request.js';
import { chooseRpm, dnfDirectory } from './rpm/make-lock.js';

/** Where packages are asked for. */
export interface Offers {
  readonly request: PackageRequest;
  readonly cache: PackageCache;
  /** Undefined for packages of rpm. */
  readonly root: AptRoot | undefined;
}

/**
 * The versions that archives have now, or that dnf would choose now, with their suites, by name; undefined where the
 * indexes can't be read.
 */
export async function offeredNow(
  host: Host,
  { request, cache, root }: Offers,
  names: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    if (root === undefined) {
      const directory = dnfDirectory(cache.dnf, request);
      const { chosen } = await chooseRpm(host, { request, recorded: [], pool: cache.pool, directory }, []);
      return new Map(chosen.map(({ name, version, suite }) => [name, `${version} (${suite})`]));
    }
    await keepNothing(root);
    await updateIndexes(host, root);
    return await newestVersions(await suiteIndexes(host, root, request), names);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    host.log.debug(error.message);
    return undefined;
  }
}
