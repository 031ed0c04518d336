import type { Extent } from './extent.js';
import type { Partition } from './partition-table.js';

/** What blkid recognises on a volume. */
export interface Content {
  /** `ext4`, `xfs`, `btrfs`, `swap`, `vfat`, `LVM2_member`, …; undefined where nothing is recognised. */
  readonly fileSystem: string | undefined;
  readonly uuid: string | undefined;
  readonly label: string | undefined;
}

/** Where a volume lies. */
interface Lying {
  /** What mounts, messages and `root-partition` call it: `3` for a partition, `GROUP/NAME` for a logical volume. */
  readonly id: string;
  /** Its bytes on the disk, in their order: more than one extent only for a logical volume. */
  readonly extents: readonly [Extent, ...Extent[]];
  /** Bytes. */
  readonly size: number;
}

export interface PartitionVolume extends Lying, Content {
  readonly kind: 'partition';
  readonly partition: Partition;
}

/** A linear volume of LVM. */
export interface LogicalVolume extends Lying, Content {
  readonly kind: 'logical volume';
  readonly group: string;
  readonly name: string;
  /** What udev's names for it end with: the UUIDs of group and volume, without dashes. */
  readonly deviceUuid: string;
}

/** A part of a disk that a file system can be on. Plain data. */
export type Volume = PartitionVolume | LogicalVolume;

/** What people call it: `partition 3`, `logical volume vg/root`. */
export function called({ kind, id }: Pick<Volume, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}

/** Bytes without a break in a file: a volume in the disk itself, or in a copy that was put together. */
export interface Stretch {
  readonly file: string;
  readonly offset: number;
  readonly size: number;
}
