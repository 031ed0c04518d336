import type { InstallSpec } from '../config/image-spec.js';
import { kernelAmong } from './locked-repository.js';

/**
 * What debian-installer installs without being asked, or can't do without (debian-installer's sources: bootstrap-base,
 * base-installer/library.sh, localechooser, console-setup, hw-detect, grub-installer). What else it would like to have, such as
 * os-prober, is not in its repository, and it goes on without.
 */
const always = [
  // debootstrap(8): the base system
  '?priority(required)',
  '?priority(important)',
  // base-installer: what makes the initramfs
  'busybox',
  'initramfs-tools',
  'zstd',
  'locales',
  'console-setup',
  'keyboard-configuration',
  'pciutils',
  'usbutils',
];

/** The boot loader that grub-installer installs, by architecture and firmware. */
const bootLoaders: Readonly<Record<string, { readonly bios?: readonly string[]; readonly uefi?: readonly string[] }>> =
  {
    amd64: { bios: ['grub-pc'], uefi: ['grub-efi-amd64', 'grub-efi-amd64-signed', 'shim-signed'] },
    arm64: { uefi: ['grub-efi-arm64', 'grub-efi-arm64-signed', 'shim-signed'] },
    riscv64: { uefi: ['grub-efi-riscv64'] },
    ppc64el: { bios: ['grub-ieee1275'], uefi: ['grub-ieee1275'] },
  };

/** The kernels that base-installer takes by itself, by distribution. */
function usualKernel({ arch, variables }: InstallSpec): string {
  if (/ubuntu/i.test(variables['distribution'] ?? '')) return 'linux-generic';
  return arch.debianName === 'ppc64el' ? 'linux-image-powerpc64le' : `linux-image-${arch.debianName}`;
}

/** What an installation depends on. */
export interface Circumstances {
  /** What the answer file and the groups name. */
  readonly named: readonly string[];
  /** What the layout boots by. */
  readonly needs: readonly string[];
}

export function additionsOf(spec: InstallSpec, { named, needs }: Circumstances): string[] {
  const { arch, firmware, variables } = spec;
  const loaders = bootLoaders[arch.debianName] ?? {};
  return [
    ...always,
    // debootstrap asks for it by name in this release, where apt would take usrmerge for the same dependency.
    ...(variables['suite'] === 'bookworm' ? ['usr-is-merged'] : []),
    ...((firmware.name === 'bios' ? loaders.bios : loaders.uefi) ?? []),
    ...(needs.includes('UEFI') ? (loaders.uefi ?? []).map(withoutDefaults) : []),
    ...(needs.includes('BIOS') ? (loaders.bios ?? []).map(withoutDefaults) : []),
    ...(kernelAmong(named) === undefined ? [usualKernel(spec)] : []),
  ];
}

/** A boot loader that is on the disk beside that of the installer: `grub-pc` and `grub-efi-amd64` exclude each other. */
function withoutDefaults(name: string): string {
  return /^grub-(?:pc|efi-[a-z0-9]+)$/.test(name) ? `${name}-bin` : name;
}

/** The boot loaders that Anaconda installs, by architecture and firmware (anaconda's sources: modules/storage/bootloader). */
const anacondaLoaders: Readonly<
  Record<string, { readonly bios?: readonly string[]; readonly uefi?: readonly string[] }>
> = {
  x86_64: { bios: ['grub2', 'grub2-tools'], uefi: ['efibootmgr', 'grub2-efi-x64', 'shim-x64'] },
  aarch64: { uefi: ['efibootmgr', 'grub2-efi-aa64', 'shim-aa64'] },
  ppc64le: { bios: ['grub2', 'powerpc-utils'] },
};

/** What Anaconda installs without being asked: a kernel, a boot loader, what keeps accounts, and tools for file systems. */
export function anacondaAdditions(
  { arch, firmware, variables }: Pick<InstallSpec, 'arch' | 'firmware' | 'variables'>,
  needs: readonly string[],
): string[] {
  const loaders = anacondaLoaders[arch.name] ?? {};
  const root = variables['root-filesystem'] ?? 'ext4';
  const tools: Readonly<Record<string, string>> = { xfs: 'xfsprogs', btrfs: 'btrfs-progs' };
  return [
    ...['kernel', 'authselect', 'firewalld'],
    ...((firmware.name === 'bios' ? loaders.bios : loaders.uefi) ?? []),
    ...(needs.includes('UEFI') ? (loaders.uefi ?? []) : []),
    ...(needs.includes('BIOS') ? (loaders.bios ?? []) : []),
    tools[root] ?? 'e2fsprogs',
  ].filter((name, at, all) => all.indexOf(name) === at);
}
