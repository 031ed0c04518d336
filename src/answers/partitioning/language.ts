import type { Layout } from '../../layout/layout.js';
import type { Limit } from './limits.js';

/** The virtual machine that is installed, as far as an installer must be told of it. */
export interface InstalledMachine {
  /** The device name of the disk: `/dev/vda`. */
  readonly disk: string;
  readonly firmware: 'bios' | 'uefi';
  /** As dpkg(1) calls it. */
  readonly architecture: 'amd64' | 'arm64';
}

/** An installer's own language for disks. */
export interface PartitioningLanguage {
  /** As messages call it. */
  readonly installer: string;
  /** What of a layout the installer can't make; nothing: `write` says all of it. */
  readonly limits: (layout: Layout) => readonly Limit[];
  /** What stands in the answer file. Lines are not indented, and the last has no line break. */
  readonly write: (layout: Layout, machine: InstalledMachine) => string;
}
