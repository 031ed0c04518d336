import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isFile, type Additions, type BootSystem } from './boot-system.js';

/**
 * Puts the tree's systemd-boot into the EFI system partition, with its kernels and an entry for each (UAPI Group's Boot Loader
 * Specification, type 1). @returns whether the tree has it
 */
export async function addSystemdBoot(
  system: BootSystem,
  { added, copyFromTree }: Additions,
  esp: string,
): Promise<boolean> {
  const { entries, target, menu, distribution } = system;
  const base = `usr/lib/systemd/boot/efi/systemd-boot${target.efiSuffix}.efi`;
  const loader = [`${base}.signed`, base].find((path) => isFile(entries, path));
  if (loader === undefined) return false;
  const place = join(added, esp);
  for (const directory of ['EFI/BOOT', 'loader/entries']) await mkdir(join(place, directory), { recursive: true });
  await copyFile(join(system.tree, loader), join(place, 'EFI/BOOT', target.loader));
  await writeFile(join(place, 'loader/loader.conf'), 'timeout 1\n');
  for (const { version, image, initrd } of menu.kernels) {
    const directory = `/${distribution}/${version}`;
    await mkdir(join(place, directory), { recursive: true });
    await copyFromTree(image, `${esp}${directory}/linux`);
    if (initrd !== undefined) await copyFromTree(initrd, `${esp}${directory}/initrd`);
    const lines = [
      `title ${menu.title}`,
      `version ${version}`,
      `options ${menu.words.join(' ')}`,
      `linux ${directory}/linux`,
      ...(initrd === undefined ? [] : [`initrd ${directory}/initrd`]),
    ];
    await writeFile(join(place, 'loader/entries', `${distribution}-${version}.conf`), `${lines.join('\n')}\n`);
  }
  return true;
}
