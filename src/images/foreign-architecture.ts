import { builderArchitecture } from '../machine/acceleration.js';
import type { Architecture } from '../machine/architectures.js';
import type { ForeignArchitecture } from '../sandbox/program-emulation.js';

/** What the process that works in a tree has to know of its architecture, as plain data; undefined for that of this machine. */
export function foreignOf(arch: Architecture): ForeignArchitecture | undefined {
  const { name, programEmulator, elfMachine } = arch;
  return builderArchitecture() === arch ? undefined : { name, programEmulator, elfMachine };
}
