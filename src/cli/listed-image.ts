import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { baseNameOf } from '../artifacts/table.js';
import { UsageError } from '../host/failure.js';
import type { ComparedPackage } from '../packages/differences.js';
import { listedPackages } from '../packages/listed-packages.js';

/** The file that lists the packages of an image: itself where it is such a list, or the manifest beside it. */
export function listOf(name: string): string | undefined {
  const candidates = [
    name,
    `${name}.manifest.json`,
    join(dirname(name), `${baseNameOf(basename(name))}.manifest.json`),
  ];
  return candidates.find((file) => existsSync(file) && /\.json$/.test(file));
}

/**
 * @param name what the user calls the list, for messages
 * @throws UsageError for a file that lists no packages
 */
export function packagesOf(name: string, file: string): readonly ComparedPackage[] {
  try {
    return listedPackages(readFileSync(file, 'utf8'), file);
  } catch (error) {
    throw new UsageError([`${name}: ${(error as Error).message}`]);
  }
}
