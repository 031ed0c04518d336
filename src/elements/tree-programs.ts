import { lstatSync } from 'node:fs';
import { join } from 'node:path';

/** Where hooks look for the programs of users. */
const directories = ['bin', 'usr/bin', 'usr/local/bin'];

/** Whether a tree has a program. In a tree, absolute links lead to other places than here: one that is there counts. */
export function hasProgram(tree: string, name: string): boolean {
  return directories.some(
    (directory) => lstatSync(join(tree, directory, name), { throwIfNoEntry: false }) !== undefined,
  );
}
