import type { Disk, FileSystem, FstabLine, Layout, Partition } from '../../src/layout/layout.js';

const MiB = 2 ** 20;

/** GPT types, and their MBR equivalents. */
export const types = {
  efi: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  biosBoot: '21686148-6449-6E6F-744E-656564454649',
  linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  lvm: 'E6D6D379-F507-44C2-A23C-238F2A3DF928',
  swap: '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F',
};

/** A partition in MiB. */
export interface PartitionOf {
  readonly name: string;
  readonly size: number;
  readonly type: string;
}

/** A GPT with partitions one after another, from 1 MiB on. */
export function gptDisk(name: string, partitions: readonly PartitionOf[], sectorSize: 512 | 4096 = 512): Disk {
  let next = MiB;
  const placed = partitions.map(({ name: partition, size, type }, index): Partition => {
    const start = next / sectorSize;
    next += size * MiB;
    return {
      ...{ name: partition, number: index + 1, kind: 'primary', type, flags: [], takesRest: false },
      ...{ start, size: (size * MiB) / sectorSize },
    };
  });
  return { name, size: next + MiB, sectorSize, label: 'gpt', partitions: placed };
}

export function fileSystem(given: Pick<FileSystem, 'name' | 'on' | 'type'> & Partial<FileSystem>): FileSystem {
  return { label: given.name, options: [], grow: false, subvolumes: [], ...given };
}

/** A layout of disks and file systems, with a line of fstab(5) for each of them. */
export function layoutOf(
  disks: readonly Disk[],
  fileSystems: readonly FileSystem[],
  volumeGroups: Layout['volumeGroups'] = [],
): Layout {
  return { disks, fileSystems, volumeGroups, fstab: fileSystems.map(fstabLine) };
}

function fstabLine({ name, label, mount, type }: FileSystem): FstabLine {
  const isSwap = type === 'swap';
  return {
    ...{ device: `LABEL=${label}`, fileSystem: name, mount: isSwap ? 'none' : (mount ?? ''), type },
    ...{ options: [isSwap ? 'sw' : 'defaults'], dump: 0, pass: isSwap ? 0 : mount === '/' ? 1 : 2 },
  };
}

/** A disk that BIOS and UEFI boot, with a root file system of some type. */
export function hybrid(type: string, rootSize = 1400): Layout {
  const disk = gptDisk('image0', [
    { name: 'BSP', size: 1, type: types.biosBoot },
    { name: 'ESP', size: 100, type: types.efi },
    { name: 'root', size: rootSize, type: types.linux },
  ]);
  return layoutOf(
    [disk],
    [
      fileSystem({ name: 'mkfs_root', on: 'root', type, label: 'img-root', mount: '/' }),
      fileSystem({ name: 'mkfs_esp', on: 'ESP', type: 'vfat', label: 'ESP', mount: '/boot/efi' }),
    ],
  );
}

/** The same with the root file system, `/var` and swap on logical volumes. */
export function onVolumes(rootSize = 1200): Layout {
  const disk = gptDisk('image0', [
    { name: 'BSP', size: 1, type: types.biosBoot },
    { name: 'ESP', size: 100, type: types.efi },
    { name: 'pv', size: rootSize + 400 + 64 + 8, type: types.lvm },
  ]);
  return layoutOf(
    [disk],
    [
      fileSystem({ name: 'mkfs_root', on: 'lv-root', type: 'ext4', label: 'img-root', mount: '/' }),
      fileSystem({ name: 'mkfs_esp', on: 'ESP', type: 'vfat', label: 'ESP', mount: '/boot/efi' }),
      fileSystem({ name: 'mkfs_var', on: 'lv_var', type: 'ext4', label: 'img-var', mount: '/var' }),
      fileSystem({ name: 'mkfs_swap', on: 'lv_swap', type: 'swap', label: 'img-swap' }),
    ],
    [
      {
        ...{ name: 'system', physicalVolumes: ['pv'], extentSize: 4 * MiB },
        volumes: [
          { name: 'lv-root', size: rootSize * MiB, type: 'linear' },
          { name: 'lv_var', size: 400 * MiB, type: 'linear' },
          { name: 'lv_swap', size: 64 * MiB, type: 'linear' },
        ],
      },
    ],
  );
}
