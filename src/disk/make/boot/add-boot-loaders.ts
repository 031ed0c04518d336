import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, UsageError } from '../../../host/failure.js';
import type { Caller } from '../../../host/host.js';
import type { Layout } from '../../../layout/layout.js';
import type { TreeEntry } from '../tree-listing.js';
import { biosBoot, type BiosBoot } from './bios.js';
import { bootSystem, isFile, type Additions, type BootSystem } from './boot-system.js';
import { bootTargetOf } from './boot-targets.js';
import { grubConfiguration } from './grub-configuration.js';
import { startsThisDisk } from './own-configuration.js';
import { uefiBoot } from './uefi.js';

export const bootLoaderChoices = ['auto', 'grub', 'systemd-boot', 'none'] as const;

export type BootLoaderChoice = (typeof bootLoaderChoices)[number];

/** What is to boot from the disk, and by what. */
export interface Boot {
  readonly tree: string;
  readonly layout: Layout;
  readonly entries: readonly TreeEntry[];
  /** By the names of file systems. */
  readonly uuids: ReadonlyMap<string, string>;
  readonly bootLoader: BootLoaderChoice;
  /** Further words of the kernel's command line. */
  readonly kernelWords: readonly string[];
}

/**
 * Adds boot loaders and their configuration to what a disk adds to its tree. What the layout has a place for and the tree has
 * no boot loader for is warned of.
 *
 * @returns what is to be written outside of file systems
 * @throws UsageError for a tree without a kernel
 */
export async function addBootLoaders(caller: Caller, boot: Boot, additions: Additions): Promise<BiosBoot | undefined> {
  if (boot.bootLoader === 'none') return undefined;
  const system = await systemOf(boot);
  const byUefi = await uefiBoot(caller, system, additions, boot.bootLoader);
  const byBios = boot.bootLoader === 'systemd-boot' ? undefined : await biosBoot(caller, system, additions);
  const found = [byBios, byUefi].filter((way) => way !== undefined && !isMissing(way));
  for (const [firmware, way] of [
    ['a BIOS', byBios],
    ['UEFI', byUefi],
  ] as const) {
    if (isMissing(way)) caller.log.warn(`The disk won't boot by ${firmware}: ${way.why}`);
  }
  if (byBios === undefined && byUefi === undefined) {
    caller.log.warn(
      "The disk won't boot: the layout has neither an EFI system partition with a mount point, nor a BIOS boot partition or an MBR",
    );
  }
  if (found.length === 0) return undefined;
  if (byUefi !== 'systemd-boot' || byBios !== undefined) {
    await addGrubConfiguration(caller, system, additions, boot.uuids);
  }
  return isMissing(byBios) ? undefined : byBios;
}

function isMissing(way: unknown): way is { readonly why: string } {
  return typeof way === 'object' && way !== null && 'why' in way;
}

async function systemOf({ tree, layout, entries, uuids, kernelWords }: Boot): Promise<BootSystem> {
  const target = await bootTargetOf(tree, entries);
  if (target === undefined) {
    throw new UsageError([
      `the tree ${tree} has no programs of an architecture that can be booted: name a system's tree, or use '--boot-loader none'`,
    ]);
  }
  const system = await bootSystem({ tree, layout, entries, target }, uuids, kernelWords);
  if (system === undefined) {
    throw new UsageError([
      "the layout has no file system for '/': it can't boot; use '--boot-loader none' for a disk of data",
    ]);
  }
  if (system.menu.kernels.length === 0) {
    throw new UsageError([
      `the tree ${tree} has no kernel (/boot/vmlinuz-VERSION): install one in it, or use '--boot-loader none'`,
    ]);
  }
  for (const { image, initrd } of system.menu.kernels) {
    if (initrd === undefined)
      throw new Failure(`the kernel ${image} of the tree ${tree} has no initial RAM disk beside it`, {
        hint: "Make it in the tree: 'update-initramfs -c -k all', or 'dracut --regenerate-all'.",
      });
  }
  return system;
}

async function addGrubConfiguration(
  caller: Caller,
  { bootFiles, grubDirectory, menu, layout, entries }: BootSystem,
  { added, readTree }: Additions,
  uuids: ReadonlyMap<string, string>,
): Promise<void> {
  const file = `${grubDirectory}/grub.cfg`;
  if (isFile(entries, file.slice(1)) && startsThisDisk(await readTree(file), layout, uuids, entries)) {
    caller.log.info(`Keeping the tree's own ${file}`);
    return;
  }
  await mkdir(join(added, grubDirectory), { recursive: true });
  await writeFile(join(added, file), grubConfiguration(menu, bootFiles));
}
