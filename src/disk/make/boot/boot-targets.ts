import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { architectures } from '../../../machine/architectures.js';
import type { TreeEntry } from '../tree-listing.js';

/** What boot loaders call the machines of one architecture. */
export interface BootTarget {
  /** As uname(1) calls it. */
  readonly name: string;
  /** `e_machine` of its programs (elf(5)). */
  readonly elfMachine: number;
  /** The file in EFI/BOOT that UEFI starts from a disk without a boot entry. */
  readonly loader: string;
  /** The suffix of its UEFI programs: `shimx64.efi`. */
  readonly efiSuffix: string;
  /** GRUB's directories of modules for it. */
  readonly grubForUefi: string;
  readonly grubForBios: string | undefined;
}

const { x86_64, aarch64, riscv64 } = architectures;

const bootTargets: readonly BootTarget[] = [
  target(x86_64, { grubForUefi: 'x86_64-efi', grubForBios: 'i386-pc' }),
  target(aarch64, { grubForUefi: 'arm64-efi', grubForBios: undefined }),
  target(riscv64, { grubForUefi: 'riscv64-efi', grubForBios: undefined }),
];

function target(
  { name, removableLoader, elfMachine }: Pick<BootTarget, 'name' | 'elfMachine'> & { readonly removableLoader: string },
  rest: Pick<BootTarget, 'grubForUefi' | 'grubForBios'>,
): BootTarget {
  return {
    name,
    elfMachine,
    loader: removableLoader,
    efiSuffix: removableLoader.slice('BOOT'.length, -'.EFI'.length).toLowerCase(),
    ...rest,
  };
}

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
