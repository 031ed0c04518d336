import type {
  Disk,
  FileSystem,
  FstabLine,
  Layout,
  LogicalVolume,
  Partition,
  VolumeGroup,
} from '../../layout/layout.js';
import { gptTypes, isEfiSystem } from '../../layout/partition-types.js';

/** What a partition or a logical volume is for. */
export type Content =
  | { readonly use: 'BIOS boot' | 'nothing' }
  | { readonly use: 'ESP' | 'file system' | 'swap'; readonly fileSystem: FileSystem }
  | { readonly use: 'physical volume'; readonly group: VolumeGroup };

/** What is on a partition or logical volume. */
export function contentOf(layout: Layout, place: Partition | LogicalVolume): Content {
  const group = layout.volumeGroups.find(({ physicalVolumes }) => physicalVolumes.includes(place.name));
  if (group !== undefined) return { use: 'physical volume', group };
  const fileSystem = layout.fileSystems.find(({ on }) => on === place.name);
  if (fileSystem === undefined) return { use: place.type === gptTypes.biosBoot ? 'BIOS boot' : 'nothing' };
  if (fileSystem.type === 'swap') return { use: 'swap', fileSystem };
  return { use: isEfiSystem(place.type) ? 'ESP' : 'file system', fileSystem };
}

/** The disk that is installed on: the first, and of an image the only one. */
export function diskOf(layout: Layout): Disk {
  const [disk] = layout.disks;
  if (disk === undefined) throw new Error('a layout has a disk');
  return disk;
}

/** The partitions that hold something or may: all but an MBR's extended one. */
export function dataPartitions(layout: Layout): Partition[] {
  return diskOf(layout).partitions.filter(({ kind }) => kind !== 'extended');
}

/** The line of fstab for a file system. */
export function fstabLine(layout: Layout, { name }: FileSystem): FstabLine | undefined {
  return layout.fstab.find(({ fileSystem }) => fileSystem === name);
}

/** The mount options of a file system, without `defaults`, which says nothing. */
export function mountOptions(layout: Layout, fileSystem: FileSystem): string[] {
  const options = fstabLine(layout, fileSystem)?.options ?? [];
  return options.filter((option) => option !== '' && option !== 'defaults');
}

const lvmMetadata = 2 ** 20;

/**
 * The volume that takes what is left of its group: the last one, where the volumes leave nothing of the group free. Thin
 * volumes take nothing but of their pool.
 */
export function growingVolume(layout: Layout, group: VolumeGroup): LogicalVolume | undefined {
  const volumes = group.volumes.filter(({ type }) => type !== 'thin');
  const used = volumes.reduce((sum, { size }) => sum + size, 0);
  return groupSize(layout, group) - used < 2 * group.extentSize ? volumes.at(-1) : undefined;
}

/** Bytes of a group that volumes can have: whole extents behind the metadata of each physical volume (pvcreate(8)). */
function groupSize(layout: Layout, { physicalVolumes, extentSize }: VolumeGroup): number {
  const { sectorSize } = diskOf(layout);
  const sizes = dataPartitions(layout)
    .filter(({ name }) => physicalVolumes.includes(name))
    .map(({ size }) => Math.floor((size * sectorSize - lvmMetadata) / extentSize) * extentSize);
  return sizes.reduce((sum, size) => sum + size, 0);
}

export const mebibyte = 2 ** 20;

/** Bytes. */
export function partitionSize(layout: Layout, { size }: Partition): number {
  return size * diskOf(layout).sectorSize;
}
