import { resolve, join } from 'node:path';
import { defaultCacheDirectory } from '../config/defaults.js';

/** Directories of package locks in the cache. */
export interface PackageCache {
  /** All that is kept of packages: what builds share of their downloads as well. */
  readonly directory: string;
  /** Files by their SHA-256: see `pool.ts`. */
  readonly pool: string;
  /** The private roots of apt, one for each set of archives. */
  readonly apt: string;
  /** dnf's copies of the indexes, of each set of repositories. */
  readonly dnf: string;
}

/** @param cacheDir `cache_dir`, or undefined for the usual one */
export function packageCache(cacheDir: string | undefined): PackageCache {
  const directory = join(resolve(cacheDir ?? defaultCacheDirectory()), '.packages');
  return { directory, pool: join(directory, 'pool'), apt: join(directory, 'apt'), dnf: join(directory, 'dnf') };
}
