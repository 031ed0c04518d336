import type { FileSystem, Layout, Partition, VolumeGroup } from '../../layout/layout.js';
import { escapes } from '../escape.js';
import { contentOf, diskOf, mountOptions, partitionSize, type Content } from './contents.js';
import type { InstalledMachine, PartitioningLanguage } from './language.js';
import {
  commonLimits,
  mkfsUuidLimits,
  subvolumeLimits,
  thinLimits,
  typeLimits,
  withUuid,
  type Limit,
} from './limits.js';

/**
 * subiquity: the section `storage` of autoinstall, in the actions of curtin (its documentation, "Storage"; its
 * block/schemas.py). Version 2 puts partitions where they are said to be, with their types and names.
 */
export const curtin: PartitioningLanguage = { installer: 'subiquity', limits, write };

const types = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat'];

function limits(layout: Layout): readonly Limit[] {
  return [
    ...commonLimits(layout),
    ...thinLimits(layout),
    ...typeLimits(layout, types),
    ...subvolumeLimits(layout),
    ...mkfsUuidLimits(layout),
    ...layout.volumeGroups
      .filter(({ extentSize }) => extentSize !== 4 * 2 ** 20)
      .map(({ name }) => ({ on: name, why: 'it makes extents of 4 MiB only' })),
  ];
}

type Value = string | number | boolean | readonly string[];
type Action = Readonly<Record<string, Value>>;

function write(layout: Layout, machine: InstalledMachine): string {
  const actions: Action[] = [
    {
      ...{ type: 'disk', id: 'disk', path: machine.disk, wipe: 'superblock' },
      ptable: diskOf(layout).label === 'gpt' ? 'gpt' : 'msdos',
      grub_device: true,
    },
    ...diskOf(layout).partitions.map((partition) => partitionAction(layout, partition, machine)),
    ...layout.volumeGroups.flatMap(groupActions),
    ...layout.fileSystems.map(formatAction),
    ...layout.fileSystems.flatMap((fileSystem) => mountActions(layout, fileSystem)),
  ];
  return ['storage:', '  version: 2', '  swap:', '    size: 0', '  config:', ...actions.map(line)].join('\n');
}

function line(action: Action): string {
  const pairs = Object.entries(action).map(([key, value]) => `${key}: ${yaml(value)}`);
  return `    - {${pairs.join(', ')}}`;
}

function yaml(value: Value): string {
  if (typeof value === 'string') return escapes.autoinstall(value);
  if (typeof value === 'object') return `[${value.map(escapes.autoinstall).join(', ')}]`;
  return String(value);
}

const placeId = (name: string) => `place-${name}`;

/** What curtin calls partitions that it treats in its own way. */
function flagOf(content: Content, { kind, flags }: Partition): string | undefined {
  if (kind === 'extended' || kind === 'logical') return kind;
  if (content.use === 'BIOS boot') return 'bios_grub';
  if (content.use === 'ESP' || flags.includes('boot')) return 'boot';
  return content.use === 'swap' ? 'swap' : undefined;
}

function partitionAction(layout: Layout, partition: Partition, { firmware }: InstalledMachine): Action {
  const content = contentOf(layout, partition);
  const flag = flagOf(content, partition);
  const gpt = diskOf(layout).label === 'gpt';
  return {
    ...{ type: 'partition', id: placeId(partition.name), device: 'disk', number: partition.number },
    ...{ offset: partition.start * diskOf(layout).sectorSize, size: partitionSize(layout, partition) },
    ...(flag === undefined ? {} : { flag }),
    partition_type: partition.type.toLowerCase(),
    ...(gpt ? { partition_name: partition.name } : {}),
    ...(partition.kind === 'extended' ? {} : { wipe: 'superblock' }),
    // By UEFI, subiquity asks for it; by BIOS, curtin would install GRUB into the partition.
    ...(content.use === 'ESP' && firmware === 'uefi' ? { grub_device: true } : {}),
  };
}

function groupActions({ name, physicalVolumes, volumes }: VolumeGroup): Action[] {
  return [
    { type: 'lvm_volgroup', id: `group-${name}`, name, devices: physicalVolumes.map(placeId) },
    ...volumes.map((volume) => ({
      ...{ type: 'lvm_partition', id: placeId(volume.name), volgroup: `group-${name}` },
      ...{ name: volume.name, size: volume.size },
    })),
  ];
}

function formatAction(fileSystem: FileSystem): Action {
  const { name, on, type, label } = fileSystem;
  const extra = withUuid(fileSystem);
  return {
    ...{ type: 'format', id: `format-${name}`, volume: placeId(on), fstype: type === 'vfat' ? 'fat32' : type, label },
    ...(extra.length === 0 ? {} : { extra_options: extra }),
  };
}

function mountActions(layout: Layout, fileSystem: FileSystem): Action[] {
  const { name, type, mount } = fileSystem;
  const path = type === 'swap' ? '' : mount;
  if (path === undefined) return [];
  const options = type === 'swap' ? [] : mountOptions(layout, fileSystem);
  return [
    {
      ...{ type: 'mount', id: `mount-${name}`, device: `format-${name}`, path },
      ...(options.length > 0 ? { options: options.join(',') } : {}),
    },
  ];
}
