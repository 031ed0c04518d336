import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { command, run, type Caller } from '../../../host/host.js';
import type { Layout } from '../../../layout/layout.js';
import { isEfiSystem } from '../../../layout/partition-types.js';
import { mountedIn, type Mounted } from '../mount-points.js';
import { isFile, type Additions, type BootSystem, type NoBoot } from './boot-system.js';
import { firstConfiguration } from './grub-configuration.js';
import { addSystemdBoot } from './systemd-boot.js';

export type UefiLoader = 'shim' | 'systemd-boot' | 'grub' | 'present';

/**
 * Puts a boot loader of the tree where UEFI starts it from any machine, without a boot entry. Undefined where the layout has
 * no EFI system partition.
 */
export async function uefiBoot(
  caller: Caller,
  system: BootSystem,
  additions: Additions,
  wanted: 'auto' | 'grub' | 'systemd-boot',
): Promise<UefiLoader | NoBoot | undefined> {
  const esp = efiSystemPartition(system.layout);
  if (!esp) return undefined;
  if (wanted !== 'systemd-boot') {
    if (await keepLoader(system, additions, esp)) return 'present';
    if (await addShim(system, additions, esp)) return 'shim';
  }
  if (wanted !== 'grub' && (await addSystemdBoot(system, additions, esp.mount))) return 'systemd-boot';
  if (wanted !== 'systemd-boot' && (await addUnsignedGrub(caller, system, additions, esp))) return 'grub';
  const { efiSuffix, grubForUefi } = system.target;
  return {
    why: `the tree has no boot loader for it: neither shim and a signed GRUB, nor systemd-boot${efiSuffix}.efi, nor /usr/lib/grub/${grubForUefi}`,
  };
}

function efiSystemPartition(layout: Layout): Mounted | undefined {
  const partitions = layout.disks.flatMap((disk) => disk.partitions);
  const names = partitions.filter(({ type }) => isEfiSystem(type)).map(({ name }) => name);
  return mountedIn(layout).find(({ on, type }) => names.includes(on) && /fat/.test(type));
}

/** Where Debian, Ubuntu and SUSE have them; Ubuntu's alternatives are links. `@` stands for the architecture's suffix. */
const shims = ['usr/lib/shim/shim@.efi.signed', 'usr/lib/shim/shim@.efi.signed.latest', 'usr/share/efi/ARCH/shim.efi'];
const signedGrubs = ['usr/lib/grub/TARGET-signed/grub@.efi.signed', 'usr/share/efi/ARCH/grub.efi'];
const mokManagers = ['usr/lib/shim/mm@.efi', 'usr/lib/shim/mm@.efi.signed', 'usr/share/efi/ARCH/MokManager.efi'];

function inTree({ entries, target }: BootSystem, candidates: readonly string[]): string | undefined {
  return candidates
    .map((path) =>
      path.replace('@', target.efiSuffix).replace('TARGET', target.grubForUefi).replace('ARCH', target.name),
    )
    .find((path) => isFile(entries, path));
}

async function addShim(system: BootSystem, { added }: Additions, { mount }: Mounted): Promise<boolean> {
  const [shim, grub, manager] = [inTree(system, shims), inTree(system, signedGrubs), inTree(system, mokManagers)];
  if (shim === undefined || grub === undefined) return false;
  const { efiSuffix, loader } = system.target;
  const place = join(added, mount, 'EFI/BOOT');
  await mkdir(place, { recursive: true });
  await copyFile(join(system.tree, shim), join(place, loader));
  // SUSE's shim looks for `grub.efi`.
  const grubName = grub.startsWith('usr/share/efi/') ? 'grub.efi' : `grub${efiSuffix}.efi`;
  await copyFile(join(system.tree, grub), join(place, grubName));
  if (manager !== undefined) {
    const name = grubName === 'grub.efi' ? 'MokManager.efi' : `mm${efiSuffix}.efi`;
    await copyFile(join(system.tree, manager), join(place, name));
  }
  const directory = prefixIn(await readFile(join(system.tree, grub))) ?? '/EFI/BOOT';
  await writeStub(system, join(added, mount, directory));
  return true;
}

/** The directory that is built into a signed GRUB, in which it looks for its configuration. */
function prefixIn(grub: Buffer): string | undefined {
  return /\0(\/EFI\/[\w.-]+)\0/i.exec(grub.toString('latin1'))?.[1];
}

/** A tree of Fedora and its kin has its boot loaders in the EFI system partition's directory already. */
async function keepLoader(system: BootSystem, { added }: Additions, { mount }: Mounted): Promise<boolean> {
  const top = `${mount.slice(1)}/EFI`;
  const loader = `${top}/BOOT/${system.target.loader}`.toLowerCase();
  const files = system.entries.filter(({ kind }) => kind === 'f').map(({ path }) => path);
  if (!files.some((path) => path.toLowerCase() === loader)) return false;
  const grub = new RegExp(`^(${top}/[^/]+)/grub${system.target.efiSuffix}\\.efi$`, 'i');
  for (const path of files) {
    const [, directory] = grub.exec(path) ?? [];
    if (directory !== undefined) await writeStub(system, join(added, directory));
  }
  return true;
}

async function writeStub(system: BootSystem, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'grub.cfg'), stub(system));
}

function stub({ bootFiles, grubDirectory }: BootSystem): string {
  return `${firstConfiguration(bootFiles, grubDirectory)}configfile $prefix/grub.cfg\n`;
}

/** What a GRUB without its directory of modules needs to start a kernel. */
const usualModules = [
  'normal',
  'configfile',
  'search',
  'search_fs_uuid',
  'search_label',
  'linux',
  'echo',
  'test',
  'all_video',
  'gzio',
  'reboot',
  'halt',
];

async function addUnsignedGrub(
  caller: Caller,
  system: BootSystem,
  { added, scratch }: Additions,
  { mount }: Mounted,
): Promise<boolean> {
  const { grubForUefi, loader } = system.target;
  const directory = `usr/lib/grub/${grubForUefi}`;
  if (!isFile(system.entries, `${directory}/kernel.img`)) return false;
  const image = join(added, mount, 'EFI/BOOT', loader);
  await mkdir(dirname(image), { recursive: true });
  const configuration = join(scratch, 'uefi.cfg');
  await writeFile(configuration, stub(system));
  await run(
    caller,
    command('grub-mkimage', [
      ...['--format', grubForUefi, '--directory', join(system.tree, directory), '--output', image],
      ...['--prefix', '/EFI/BOOT', '--config', configuration],
      ...new Set([...usualModules, ...system.bootFiles.modules]),
    ]),
  );
  return true;
}
