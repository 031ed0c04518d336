import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { programDirectory } from '../host/program-directory.js';
import { path } from './option-types.js';
import { didYouMean } from './suggestion.js';

const suffix = /\.ya?ml$/;

/** The layouts that ship with the program. */
export const shippedLayouts = join(programDirectory, 'layouts');

/** Their names, in order. */
export function shippedLayoutNames(): string[] {
  return readdirSync(shippedLayouts)
    .filter((name) => suffix.test(name))
    .map((name) => name.replace(suffix, ''))
    .sort();
}

/**
 * The file of a layout, absolute: that of a shipped one by its name, else a path. One that leads nowhere has a `/` or the
 * suffix `.yaml`, as it may be made before it is read.
 *
 * @param from the file whose directory a relative path is relative to; undefined: the current directory
 * @throws Error that says what would be right
 */
export function layoutFile(nameOrPath: string, from?: string): string {
  const names = shippedLayoutNames();
  if (names.includes(nameOrPath)) return join(shippedLayouts, `${nameOrPath}.yaml`);
  const file = resolve(from === undefined ? '' : dirname(from), path.parse(nameOrPath));
  if (nameOrPath.includes('/') || suffix.test(nameOrPath) || existsSync(file)) return file;
  throw new Error(
    `one of the shipped layouts ${names.join(', ')}, or a YAML file such as './my.yaml'${didYouMean(nameOrPath, names)}`,
  );
}
