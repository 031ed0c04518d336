import type { FileSystem, Layout } from '../../layout/layout.js';
import { contentOf, dataPartitions, diskOf } from './contents.js';

/** Something of a layout that an installer can't make. */
export interface Limit {
  /** The name of the partition, volume or file system; or of the disk. */
  readonly on: string;
  /** What can't be made, and why or what to write instead: `it is a thin volume, …`. */
  readonly why: string;
}

/** What no installation in a virtual machine with one disk can do. */
export function commonLimits(layout: Layout): Limit[] {
  const limits: Limit[] = [];
  for (const disk of layout.disks.slice(1)) {
    limits.push({ on: disk.name, why: 'an installation has one disk: keep one local_loop' });
  }
  const disk = diskOf(layout);
  if (disk.label === null) limits.push({ on: disk.name, why: 'installers need a partition table: add partitioning' });
  if (disk.sectorSize !== 512) {
    limits.push({ on: disk.name, why: `the disk of an installation has sectors of 512 bytes, not ${disk.sectorSize}` });
  }
  if (!layout.fileSystems.some(({ mount }) => mount === '/')) {
    limits.push({ on: disk.name, why: 'no file system is mounted at /' });
  }
  for (const partition of dataPartitions(layout)) {
    const content = contentOf(layout, partition);
    if (content.use === 'ESP' && content.fileSystem.type !== 'vfat') {
      limits.push({ on: partition.name, why: `an EFI system partition has vfat, not ${content.fileSystem.type}` });
    }
  }
  return limits;
}

/** Logical volumes that are not linear. */
export function thinLimits(layout: Layout): Limit[] {
  return layout.volumeGroups.flatMap(({ volumes }) =>
    volumes
      .filter(({ type }) => type !== 'linear')
      .map(({ name, type }) => ({
        on: name,
        why: type === 'thin-pool' ? 'it makes no thin pools' : 'it makes no thin volumes',
      })),
  );
}

/** File systems of other types. */
export function typeLimits(layout: Layout, types: readonly string[]): Limit[] {
  return layout.fileSystems
    .filter(({ type }) => type !== 'swap' && !types.includes(type))
    .map(({ name, type }) => ({ on: name, why: `it makes no ${type}, only ${types.join(', ')}` }));
}

/** Arguments of mkfs(8), where an installer passes on none. */
export function mkfsLimits(layout: Layout): Limit[] {
  return layout.fileSystems
    .filter(({ options }) => options.length > 0)
    .map(({ name, options }) => ({ on: name, why: `it passes no options to mkfs: ${options.join(' ')}` }));
}

/** UUIDs that are asked for, where an installer takes none. */
export function uuidLimits(layout: Layout): Limit[] {
  return layout.fileSystems
    .filter(({ uuid }) => uuid !== undefined)
    .map(({ name, uuid }) => ({ on: name, why: `it lets mkfs choose the UUID: remove uuid: ${uuid}` }));
}

/** Partitions that hold nothing, and are no BIOS boot partition. */
export function emptyLimits(layout: Layout): Limit[] {
  return dataPartitions(layout)
    .filter((partition) => contentOf(layout, partition).use === 'nothing')
    .map(({ name }) => ({ on: name, why: 'it makes no partition without a file system: add mkfs' }));
}

/** Subvolumes of btrfs, where an installer makes none. */
export function subvolumeLimits(layout: Layout): Limit[] {
  return layout.fileSystems
    .filter(({ subvolumes }) => subvolumes.length > 0)
    .map(({ name, subvolumes }) => ({
      on: name,
      why: `it makes no subvolumes: ${subvolumes.map((subvolume) => subvolume.name).join(', ')}`,
    }));
}

/** Logical partitions, where an installer decides itself which those are. */
export function logicalLimits(layout: Layout): Limit[] {
  return dataPartitions(layout)
    .filter(({ kind }) => kind === 'logical')
    .map(({ name }) => ({
      on: name,
      why: 'it decides itself which partitions are logical: give it the flag primary, or take label: gpt',
    }));
}

/** The argument of mkfs(8) that says a UUID: mke2fs(8), mkfs.xfs(8), mkfs.btrfs(8). */
const uuidArguments: Readonly<Record<string, (uuid: string) => readonly string[]>> = {
  ext2: (uuid) => ['-U', uuid],
  ext3: (uuid) => ['-U', uuid],
  ext4: (uuid) => ['-U', uuid],
  xfs: (uuid) => ['-m', `uuid=${uuid}`],
  btrfs: (uuid) => ['-U', uuid],
};

/** What mkfs gets besides the label, where an installer passes on its arguments. */
export function withUuid({ type, uuid, options }: FileSystem): readonly string[] {
  return [...options, ...(uuid === undefined ? [] : (uuidArguments[type]?.(uuid) ?? []))];
}

/** UUIDs that no argument of mkfs says, and arguments for swap space, which is made by mkswap. */
export function mkfsUuidLimits(layout: Layout): Limit[] {
  const wanted = layout.fileSystems.filter(
    ({ type, uuid }) => uuid !== undefined && !Object.hasOwn(uuidArguments, type),
  );
  return wanted.map(({ name, type, uuid }) => ({
    on: name,
    why: `it chooses the UUID of ${type}: remove uuid: ${uuid}`,
  }));
}
