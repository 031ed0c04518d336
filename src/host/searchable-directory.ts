import { chmodSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { makeDirectory } from './make-directory.js';

/** Every user may search a directory, and so reach files in it whose names they know; it does not let them list it. */
const search = 0o111;

/**
 * Makes a directory, and those above it that are missing, so that every user can search them, also under a umask such
 * as 077: as root, libvirt runs QEMU as a user of its own, who must reach disk, kernel and initrd. Directories that are
 * there already stay as they are.
 *
 * @param mode the mode of the directory itself, instead of what the umask leaves and search for all
 */
export function makeSearchable(directory: string, mode?: number): void {
  const last = resolve(directory);
  for (const made of makeDirectory(last)) {
    chmodSync(made, made === last && mode !== undefined ? mode : statSync(made).mode | search);
  }
}
