import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './host.js';
import { programDirectory } from './program-directory.js';
import type { ProgramName } from './programs.js';

/** What the root helper can be asked to do with the file system in a raw disk; it checks every word again itself. */
export type HelperCall =
  | readonly [verb: 'trim' | 'subvolumes', ...disk: HelperDisk]
  | readonly [verb: 'logs' | 'clean' | 'records', ...disk: HelperDisk, mountPoint: string, subvolume: string]
  | readonly [verb: 'cat' | 'read', ...disk: HelperDisk, mountPoint: string, subvolume: string, path: string];

/** A raw disk, and where in it the file system lies, in bytes. */
export type HelperDisk = readonly [disk: string, offset: string, size: string];

const name = 'image-factory-sudo-helper';

/** Where sudoers names it; in a checkout only root can use the helper, and needs no sudo for it. */
export function helperPath(): string {
  const installed = ['/usr/bin', '/usr/local/bin'].map((directory) => join(directory, name)).find(existsSync);
  return installed ?? join(programDirectory, 'sudo-helper', name);
}

/** A call of the root helper: through sudo, unless this is root already. */
export function helperCommand(call: HelperCall): Command {
  // Whoever called us through sudo is not who asks: root may name any disk.
  if (process.getuid?.() === 0) return { file: helperPath(), args: call, env: { SUDO_UID: '0' } };
  return { file: 'sudo' satisfies ProgramName, args: ['-n', helperPath(), ...call] };
}
