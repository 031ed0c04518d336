import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory and those above it that are missing. What is there already stays as it is.
 *
 * It does not use the option `recursive` of Node's mkdir: that never ends in Node 20 where the kernel says ENOENT for a
 * directory whose parent is there, as below /proc.
 *
 * @param options.mode of the directory itself, before the umask (default: 0777)
 * @returns the directories that were made, the uppermost first
 * @throws the error of mkdir(2), with the path of the directory that can't be made
 */
export function makeDirectory(path: string, options: { readonly mode?: number } = {}): string[] {
  const directory = resolve(path);
  if (isDirectory(directory)) return [];
  const parent = dirname(directory);
  const above = parent === directory ? [] : makeDirectory(parent);
  try {
    mkdirSync(directory, options);
    return [...above, directory];
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && isDirectory(directory)) return above;
    throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Whatever is wrong shows when it is made.
    return false;
  }
}
