import { resolve } from 'node:path';
import { Configuration } from '../config/configuration.js';
import { defaultCacheDirectory } from '../config/defaults.js';
import { age, directory } from '../config/option-types.js';
import { UsageError } from '../host/failure.js';
import { valuesOfImages } from './values-of-images.js';

/** The options of `cache`. */
export interface CacheFlags {
  readonly config?: string;
  readonly cacheDir?: string;
  readonly json?: boolean;
  readonly olderThan?: string;
  readonly dryRun?: boolean;
  readonly packages?: boolean;
}

/** The directory that is given, or those of the images in the configuration. */
export function cacheDirectories(
  { config, cacheDir }: CacheFlags,
  configuration = () => Configuration.load(config),
): string[] {
  if (cacheDir !== undefined) return [resolve(directory.parse(cacheDir))];
  return configuredCaches(configuration());
}

/** Those that the images of a configuration use. */
export function configuredCaches(configuration: Configuration): string[] {
  const named = valuesOfImages(configuration, 'cache-dir', defaultCacheDirectory());
  return [...new Set(named.map((name) => resolve(directory.parse(name))))];
}

/** What was last used until then is old. @returns undefined where no age is given */
export function oldestTime({ olderThan }: CacheFlags): number | undefined {
  return olderThan === undefined ? undefined : Date.now() - ageOf(olderThan);
}

function ageOf(text: string): number {
  try {
    return age.parse(text);
  } catch (error) {
    throw new UsageError([`--older-than ${text}: expected ${(error as Error).message}`]);
  }
}

/** @throws UsageError for options of the other action */
export function refuse(flags: CacheFlags, names: readonly ('json' | 'olderThan' | 'dryRun')[], where: string): void {
  const spelt = { json: '--json', olderThan: '--older-than', dryRun: '--dry-run' };
  const given = names.filter((name) => flags[name] !== undefined);
  if (given.length > 0) throw new UsageError(given.map((name) => `${spelt[name]} is an option of '${where}'`));
}
