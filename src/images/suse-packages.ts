import type { InstallSpec } from '../config/image-spec.js';

/** The packages that an Agama profile names. */
export function agamaPackages(text: string): string[] {
  const { software } = JSON.parse(text) as { software?: { packages?: string[] } };
  return [...new Set(software?.packages ?? [])];
}

/** The packages that an AutoYaST profile names, and those that its patterns are. */
export function autoyastPackages(text: string): string[] {
  const [software = ''] =
    /<software>[^]*<\/software>/.exec(text.replace(/<remove-packages[^]*?<\/remove-packages>/, '')) ?? [];
  const named = (element: string) =>
    [...software.matchAll(new RegExp(`<${element}>\\s*([^<\\s]+)\\s*</${element}>`, 'g'))].map(([, name = '']) => name);
  return [...new Set([...named('package'), ...named('pattern').map((name) => `patterns-base-${name}`)])];
}

/** The boot loaders that YaST and Agama install, by architecture and firmware (yast-bootloader: lib/bootloader). */
const bootLoaders: Readonly<Record<string, { readonly bios?: readonly string[]; readonly uefi?: readonly string[] }>> =
  {
    x86_64: { bios: ['grub2-i386-pc'], uefi: ['grub2-x86_64-efi', 'efibootmgr', 'mokutil', 'shim'] },
    aarch64: { uefi: ['grub2-arm64-efi', 'efibootmgr', 'mokutil', 'shim'] },
    ppc64le: { bios: ['grub2-powerpc-ieee1275'] },
  };

/** Tools of the root file system, as the installers call them. */
const fileSystemTools: Readonly<Record<string, string>> = {
  ext4: 'e2fsprogs',
  xfs: 'xfsprogs',
  btrfs: 'btrfsprogs',
};

/**
 * What YaST and Agama install without being asked: a kernel, boot loaders, tools of the root file system, and what the
 * definition of the product asks for, which **product-packages** names.
 */
export function suseAdditions(
  { arch, firmware, variables }: Pick<InstallSpec, 'arch' | 'firmware' | 'variables'>,
  needs: readonly string[],
): string[] {
  const loaders = bootLoaders[arch.name] ?? {};
  const names = [
    ...['kernel-default', 'grub2'],
    ...((firmware.name === 'bios' ? loaders.bios : loaders.uefi) ?? []),
    ...(needs.includes('UEFI') ? (loaders.uefi ?? []) : []),
    ...(needs.includes('BIOS') ? (loaders.bios ?? []) : []),
    fileSystemTools[variables['root-filesystem'] ?? 'ext4'] ?? 'e2fsprogs',
    ...(variables['product-packages'] ?? '').split(/\s+/).filter((name) => name !== ''),
  ];
  return [...new Set(names)];
}
