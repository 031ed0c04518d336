import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../host/failure.js';

/** Where Debian's package python3-diskimage-builder, and pip as root, put diskimage-builder's own elements. */
export const usualElementDirectories = [
  '/usr/lib/python3/dist-packages/diskimage_builder/elements',
  '/usr/local/lib/python3/dist-packages/diskimage_builder/elements',
];

/** Directories of elements, in which the first one that has an element of a name counts. */
export interface ElementPath {
  readonly directories: readonly string[];
  /** diskimage-builder itself, whose scripts run the hooks: undefined if no directory belongs to it. */
  readonly builder: DiskimageBuilder | undefined;
}

/** diskimage-builder as it is installed or unpacked. */
export interface DiskimageBuilder {
  readonly elements: string;
  /** What hooks know as `_LIB`: dib-run-parts, die, img-functions. */
  readonly lib: string;
  /** What Python must search for the hooks' own `import diskimage_builder`. */
  readonly pythonPath: string;
}

/**
 * The directories that are named, and diskimage-builder's own as the last one.
 *
 * @throws UsageError that names every entry that is no directory
 */
export function elementPathOf(named: readonly string[]): ElementPath {
  const wrong = named.filter((entry) => !isDirectory(entry) && !usualElementDirectories.includes(entry));
  if (wrong.length > 0) {
    throw new UsageError(wrong.map((entry) => `element-path: '${entry}' is not a directory`));
  }
  const directories = [...new Set(named.filter(isDirectory).map((entry) => resolve(entry)))];
  const own = [...directories, ...usualElementDirectories].map(builderOf).find((builder) => builder !== undefined);
  return {
    directories: own === undefined || directories.includes(own.elements) ? directories : [...directories, own.elements],
    builder: own,
  };
}

function builderOf(directory: string): DiskimageBuilder | undefined {
  const lib = join(directory, '../lib');
  if (!existsSync(join(lib, 'dib-run-parts'))) return undefined;
  return { elements: directory, lib, pythonPath: dirname(dirname(directory)) };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
