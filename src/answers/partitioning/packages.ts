import type { AnswerFileKind } from '../../config/image-spec.js';
import type { Layout } from '../../layout/layout.js';
import { contentOf, dataPartitions, diskOf } from './contents.js';
import type { InstalledMachine } from './language.js';

/** What a layout asks of the installed system. */
export type Need = 'BIOS' | 'UEFI' | 'LVM' | 'xfs' | 'btrfs' | 'vfat';

type Names = Readonly<Record<Need, readonly string[]>>;
type Architecture = InstalledMachine['architecture'];

function debian(architecture: Architecture): Names {
  return {
    BIOS: architecture === 'amd64' ? ['grub-pc-bin'] : [],
    UEFI: [`grub-efi-${architecture}-bin`, `grub-efi-${architecture}-signed`, 'shim-signed'],
    LVM: ['lvm2'],
    xfs: ['xfsprogs'],
    btrfs: ['btrfs-progs'],
    vfat: ['dosfstools'],
  };
}

/** debian-installer removes the packages of the loader that it does not install: the script at the end installs them. */
function debianInstaller(architecture: Architecture): Names {
  return { ...debian(architecture), BIOS: [], UEFI: [] };
}

function redHat(architecture: Architecture): Names {
  const word = architecture === 'amd64' ? 'x64' : 'aa64';
  return { ...debian(architecture), BIOS: architecture === 'amd64' ? ['grub2-pc'] : [], UEFI: [`grub2-efi-${word}`, `shim-${word}`] }; // prettier-ignore
}

function suse(architecture: Architecture): Names {
  return {
    ...debian(architecture),
    BIOS: architecture === 'amd64' ? ['grub2-i386-pc'] : [],
    UEFI: [architecture === 'amd64' ? 'grub2-x86_64-efi' : 'grub2-arm64-efi', 'shim'],
    btrfs: ['btrfsprogs'],
  };
}

const families: Readonly<Record<AnswerFileKind, (architecture: Architecture) => Names>> = {
  preseed: debianInstaller,
  autoinstall: debian,
  kickstart: redHat,
  yast: suse,
  agama: suse,
};

/** The packages of a distribution that an installer is told for a layout: boot loaders, and tools for its volumes. */
export function layoutPackages(kind: AnswerFileKind, layout: Layout, { architecture }: InstalledMachine): string[] {
  const names = families[kind](architecture);
  return needsOf(layout).flatMap((need) => names[need]);
}

export function needsOf(layout: Layout): Need[] {
  const uses = dataPartitions(layout).map((partition) => contentOf(layout, partition).use);
  const types = layout.fileSystems.map(({ type }) => type);
  return [
    ...(diskOf(layout).label === 'mbr' || uses.includes('BIOS boot') ? (['BIOS'] as const) : []),
    ...(uses.includes('ESP') ? (['UEFI'] as const) : []),
    ...(layout.volumeGroups.length > 0 ? (['LVM'] as const) : []),
    ...(['xfs', 'btrfs', 'vfat'] as const).filter((type) => types.includes(type)),
  ];
}
