import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { TreeEntry } from '../tree-listing.js';

/** What boot loaders call the machines of one architecture. */
export interface BootTarget {
  /** As uname(1) calls it. */
  readonly name: string;
  /** `e_machine` of its programs (elf(5)). */
  readonly elfMachine: number;
  /** The suffix of its UEFI programs: `shimx64.efi`, `BOOTX64.EFI` (UEFI Specification 2.10, 3.5.1.1). */
  readonly efiSuffix: string;
  /** GRUB's directories of modules for it. */
  readonly grubForUefi: string;
  readonly grubForBios: string | undefined;
}

const bootTargets: readonly BootTarget[] = [
  { name: 'x86_64', elfMachine: 62, efiSuffix: 'x64', grubForUefi: 'x86_64-efi', grubForBios: 'i386-pc' },
  { name: 'aarch64', elfMachine: 183, efiSuffix: 'aa64', grubForUefi: 'arm64-efi', grubForBios: undefined },
  { name: 'riscv64', elfMachine: 243, efiSuffix: 'riscv64', grubForUefi: 'riscv64-efi', grubForBios: undefined },
];

/** Programs that every system has in one of these forms, as files and not as links. */
const everywhere = [
  'usr/bin/dash',
  'usr/bin/bash',
  'usr/bin/busybox',
  'usr/lib/systemd/systemd',
  'bin/dash',
  'bin/bash',
  'bin/busybox',
];

/** The machines that a tree's programs run on; undefined where none of them is known, or there is no program. */
export async function bootTargetOf(tree: string, entries: readonly TreeEntry[]): Promise<BootTarget | undefined> {
  const files = new Set(entries.filter(({ kind }) => kind === 'f').map(({ path }) => path));
  for (const path of everywhere.filter((name) => files.has(name))) {
    const file = await open(join(tree, path));
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0);
      if (bytesRead < 20 || buffer.readUInt32BE(0) !== 0x7f454c46) continue;
      const machine = buffer.readUInt16LE(18);
      return bootTargets.find(({ elfMachine }) => elfMachine === machine);
    } finally {
      await file.close();
    }
  }
  return undefined;
}

/** The file that UEFI starts from a disk that no boot entry names. */
export function loaderName(efiSuffix: string): string {
  return `BOOT${efiSuffix.toUpperCase()}.EFI`;
}
