import type { Layout, Partition } from '../../layout/layout.js';
import { contentOf, dataPartitions, diskOf, growingVolume, mebibyte } from './contents.js';
import { commonLimits, mkfsLimits, subvolumeLimits, thinLimits, typeLimits, uuidLimits, type Limit } from './limits.js';

/** How partman calls file systems; swap has its own method. */
export const partmanTypes: Readonly<Record<string, string>> = {
  ext2: 'ext2',
  ext3: 'ext3',
  ext4: 'ext4',
  xfs: 'xfs',
  btrfs: 'btrfs',
  vfat: 'fat32',
};

const extent = 4 * mebibyte;

/** What partman can't make of a layout. */
export function partmanLimits(layout: Layout): readonly Limit[] {
  const partitions = dataPartitions(layout);
  const physical = partitions.findIndex((partition) => contentOf(layout, partition).use === 'physical volume');
  return [
    ...commonLimits(layout),
    ...thinLimits(layout),
    ...typeLimits(layout, Object.keys(partmanTypes)),
    ...mkfsLimits(layout),
    ...uuidLimits(layout),
    ...subvolumeLimits(layout),
    ...layout.volumeGroups
      .filter(({ extentSize }) => extentSize !== extent)
      .map(({ name }) => ({ on: name, why: 'it makes extents of 4 MiB only' })),
    ...partitions
      .slice(physical === -1 ? partitions.length : physical)
      .filter((partition) => contentOf(layout, partition).use !== 'physical volume')
      .map(({ name }) => ({
        on: name,
        why: 'it makes physical volumes behind all other partitions: move it before them',
      })),
    ...layout.fileSystems
      .filter(({ label }) => !/^[\w+=:,@/-][\w+=:,.@/-]*$/.test(label))
      .map(({ name, label }) => ({
        on: name,
        why: `a recipe can't have the label '${label}': use letters and digits`,
      })),
    ...partitions
      .map((partition) => contentOf(layout, partition))
      .flatMap((content) => (content.use === 'ESP' ? [content.fileSystem] : []))
      .filter(({ mount }) => mount !== '/boot/efi')
      .map(({ name }) => ({
        on: name,
        why: 'it mounts an EFI system partition at /boot/efi: set mount_point to that',
      })),
    // Its check.d/07efi stops at less.
    ...partitions
      .filter((partition) => contentOf(layout, partition).use === 'ESP' && partition.size * 512 <= 34_091_007)
      .map(({ name }) => ({
        on: name,
        why: 'it makes FAT32 of an EFI system partition, which takes 33 MiB or more',
      })),
    ...unusedRest(layout),
    ...partlyUsedGroups(layout),
  ];
}

/** The last partition gets the rest of the disk in any case. */
function unusedRest(layout: Layout): Limit[] {
  const { size } = diskOf(layout);
  const last = dataPartitions(layout).at(-1);
  if (last === undefined || last.takesRest || size - endOf(last) < 4 * mebibyte) return [];
  return [{ on: last.name, why: 'it gives the last partition what is left of the disk: set its size to 100%' }];
}

/** One answer says how much of a group is used, for all of them. */
function partlyUsedGroups(layout: Layout): Limit[] {
  if (layout.volumeGroups.length < 2) return [];
  return layout.volumeGroups
    .filter((group) => growingVolume(layout, group) === undefined)
    .map(({ name }) => ({
      on: name,
      why: 'of several volume groups it leaves nothing free: let the last volume have 100%FREE',
    }));
}

/** Bytes; parted ends partitions at whole MiB. */
export function endOf({ start, size }: Partition): number {
  return Math.ceil(((start + size) * 512) / mebibyte) * mebibyte;
}
