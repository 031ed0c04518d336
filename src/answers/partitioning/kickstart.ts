import type { FileSystem, Layout, LogicalVolume, Partition, VolumeGroup } from '../../layout/layout.js';
import { escapes } from '../escape.js';
import { contentOf, dataPartitions, diskOf, growingVolume, mebibyte, mountOptions, partitionSize } from './contents.js';
import type { InstalledMachine, PartitioningLanguage } from './language.js';
import {
  commonLimits,
  emptyLimits,
  logicalLimits,
  mkfsUuidLimits,
  typeLimits,
  withUuid,
  type Limit,
} from './limits.js';

/**
 * Anaconda: commands of Kickstart (pykickstart's documentation, "part", "volgroup", "logvol", "btrfs"). Sizes are MiB.
 * Anaconda orders partitions itself: those that it boots from first, larger ones before smaller ones, one that grows last.
 */
export const kickstart: PartitioningLanguage = { installer: 'Anaconda', limits, write };

const types = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat'];

function limits(layout: Layout): readonly Limit[] {
  return [
    ...commonLimits(layout),
    ...emptyLimits(layout),
    ...typeLimits(layout, types),
    ...logicalLimits(layout),
    ...mkfsUuidLimits(layout),
    ...layout.fileSystems
      .filter((one) => one.mount === undefined && one.type !== 'swap' && one.subvolumes.length === 0)
      .map(({ name }) => ({ on: name, why: 'it makes only file systems that are mounted: add mount' })),
    ...layout.volumeGroups.flatMap(({ volumes }) =>
      volumes
        .filter((volume) => contentOf(layout, volume).use === 'nothing' && volume.type !== 'thin-pool')
        .map(({ name }) => ({ on: name, why: 'it makes no volume without a file system: add mkfs' })),
    ),
  ];
}

function write(layout: Layout, { disk }: InstalledMachine): string {
  const name = disk.replace(/^\/dev\//, '');
  const label = diskOf(layout).label === 'gpt' ? 'gpt' : 'msdos';
  const lines = [
    ['ignoredisk', `--only-use=${name}`],
    ['zerombr'],
    ['clearpart', '--all', '--initlabel', `--disklabel=${label}`, `--drives=${name}`],
    ...dataPartitions(layout).map((partition) => partitionWords(layout, partition, name)),
    ...layout.volumeGroups.flatMap((group) => groupLines(layout, group)),
    ...layout.fileSystems.filter(({ type }) => type === 'btrfs').flatMap(btrfsLines),
  ];
  return lines.map((words) => words.map(escapes.kickstart).join(' ')).join('\n');
}

function partitionWords(layout: Layout, partition: Partition, disk: string): string[] {
  const content = contentOf(layout, partition);
  const last = partition.takesRest;
  const size = Math[last ? 'floor' : 'ceil'](partitionSize(layout, partition) / mebibyte);
  const placed = [
    // The last one grows to what is left, which is a little less where Anaconda aligns.
    ...[`--size=${last ? Math.max(1, size - 8) : size}`, ...(last ? ['--grow'] : []), `--ondisk=${disk}`],
    ...(diskOf(layout).label === 'mbr' ? ['--asprimary'] : []),
  ];
  switch (content.use) {
    case 'BIOS boot':
      return ['part', 'biosboot', '--fstype=biosboot', ...placed];
    case 'physical volume':
      return ['part', `pv.${partition.number}`, ...placed];
    case 'nothing':
      return [];
    default:
      return content.fileSystem.type === 'btrfs'
        ? ['part', `btrfs.${partition.name}`, ...placed]
        : ['part', ...fileSystemWords(layout, content.fileSystem, content.use === 'ESP'), ...placed];
  }
}

/** The mount point and what it is mounted from. */
function fileSystemWords(layout: Layout, fileSystem: FileSystem, isEsp = false): string[] {
  const { type, label, mount } = fileSystem;
  const options = mountOptions(layout, fileSystem);
  if (type === 'swap') return ['swap', `--label=${label}`];
  const arguments_ = withUuid(fileSystem).join(' ');
  return [
    mount ?? 'none',
    `--fstype=${isEsp ? 'efi' : type}`,
    `--label=${label}`,
    ...(options.length > 0 ? [`--fsoptions=${options.join(',')}`] : []),
    ...(arguments_ === '' ? [] : [`--mkfsoptions=${arguments_}`]),
  ];
}

function groupLines(layout: Layout, group: VolumeGroup): string[][] {
  const { name, physicalVolumes, volumes, extentSize } = group;
  const partitions = dataPartitions(layout).filter((partition) => physicalVolumes.includes(partition.name));
  const growing = growingVolume(layout, group);
  return [
    ['volgroup', name, ...partitions.map(({ number }) => `pv.${number}`), `--pesize=${extentSize / 1024}`],
    // A pool before its volumes.
    ...volumes
      .toSorted((one, other) => Number(other.type === 'thin-pool') - Number(one.type === 'thin-pool'))
      .map((volume) => volumeWords(layout, name, volume, volume === growing)),
  ];
}

function volumeWords(layout: Layout, group: string, volume: LogicalVolume, grows: boolean): string[] {
  const content = contentOf(layout, volume);
  const size = volume.size / mebibyte;
  const placed = [
    ...[`--vgname=${group}`, `--name=${volume.name}`],
    // A group loses some extents to what LVM and Anaconda keep for themselves.
    ...(grows ? [`--size=${Math.max(4, size - 16)}`, '--grow'] : [`--size=${size}`]),
  ];
  if (volume.type === 'thin-pool') return ['logvol', 'none', '--thinpool', ...placed];
  const thin = volume.type === 'thin' ? ['--thin', `--poolname=${volume.thinPool ?? ''}`] : [];
  const fileSystem = 'fileSystem' in content ? content.fileSystem : undefined;
  if (fileSystem === undefined || fileSystem.type === 'btrfs') return ['logvol', `btrfs.${volume.name}`, ...placed];
  return ['logvol', ...fileSystemWords(layout, fileSystem), ...placed, ...thin];
}

function btrfsLines(fileSystem: FileSystem): string[][] {
  const { label, mount, on, subvolumes } = fileSystem;
  const arguments_ = withUuid(fileSystem).join(' ');
  return [
    [
      ...['btrfs', mount ?? 'none', `--label=${label}`],
      ...(arguments_ === '' ? [] : [`--mkfsoptions=${arguments_}`]),
      `btrfs.${on}`,
    ],
    ...subvolumes.map((subvolume) => [
      'btrfs',
      subvolume.mount ?? 'none',
      '--subvol',
      `--name=${subvolume.name}`,
      `LABEL=${label}`,
    ]),
  ];
}
