import { chmodSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { makeDirectory } from './make-directory.js';

/** Lets every user search a directory, and so reach files whose names they know, but not list it. */
const search = 0o111;

/**
 * Makes a directory and its missing parents so that every user can search them, even with a umask such as 077: as root,
 * libvirt runs QEMU as another user, who must reach disk, kernel and initrd. Existing directories stay as they are.
 *
 * @param mode the mode of the directory itself, instead of the umask's mode plus search permission for all
 */
export function makeSearchable(directory: string, mode?: number): void {
  const last = resolve(directory);
  for (const made of makeDirectory(last)) {
    chmodSync(made, made === last && mode !== undefined ? mode : statSync(made).mode | search);
  }
}
