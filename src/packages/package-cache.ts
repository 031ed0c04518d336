import { resolve, join } from 'node:path';
import { defaultCacheDirectory } from '../config/defaults.js';

/** Directories of package locks in the cache. */
export interface PackageCache {
  /** Files by their SHA-256: see `pool.ts`. */
  readonly pool: string;
  /** The private roots of apt, one for each set of archives. */
  readonly apt: string;
  /** dnf's copies of the indexes, of each set of repositories. */
  readonly dnf: string;
}

/** @param cacheDir `cache_dir`, or undefined for the usual one */
export function packageCache(cacheDir: string | undefined): PackageCache {
  const root = join(resolve(cacheDir ?? defaultCacheDirectory()), '.packages');
  return { pool: join(root, 'pool'), apt: join(root, 'apt'), dnf: join(root, 'dnf') };
}
