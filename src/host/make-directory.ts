import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory and its missing parents. Existing directories stay as they are.
 *
 * It does not use the option `recursive` of Node's mkdir: in Node 20, that never returns if the kernel reports ENOENT for
 * a directory whose parent exists, as below /proc.
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
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && isDirectory(directory)) return above;
    throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // mkdir(2) reports the error.
    return false;
  }
}
