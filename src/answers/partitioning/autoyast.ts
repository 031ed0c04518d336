import type { FileSystem, Layout, LogicalVolume, Partition, VolumeGroup } from '../../layout/layout.js';
import { escapes } from '../escape.js';
import {
  contentOf,
  dataPartitions,
  diskOf,
  growingVolume,
  mebibyte,
  mountOptions,
  partitionSize,
  type Content,
} from './contents.js';
import type { InstalledMachine, PartitioningLanguage } from './language.js';
import { commonLimits, logicalLimits, mkfsUuidLimits, typeLimits, withUuid, type Limit } from './limits.js';

/** AutoYaST: the section `partitioning` (AutoYaST Guide, "Partitioning"; its schema is yast2-schema's partitioning.rnc). */
export const autoyast: PartitioningLanguage = { installer: 'AutoYaST', limits, write };

const types = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat'];

function limits(layout: Layout): readonly Limit[] {
  return [
    ...commonLimits(layout),
    ...typeLimits(layout, types),
    ...logicalLimits(layout),
    ...mkfsUuidLimits(layout),
    ...layout.fileSystems.flatMap(({ name, mount, subvolumes }) =>
      subvolumes
        .filter((subvolume) => subvolume.mount !== undefined && subvolume.mount !== below(mount, subvolume.name))
        .map((subvolume) => ({
          on: name,
          why: `it mounts a subvolume where it lies: '${subvolume.name}' at ${below(mount, subvolume.name)}`,
        })),
    ),
  ];
}

const below = (mount: string | undefined, name: string) => `${mount === '/' ? '' : (mount ?? '')}/${name}`;

interface Element {
  readonly name: string;
  /** Its type, where it is no text. */
  readonly type?: 'boolean' | 'integer' | 'list' | 'symbol';
  readonly content: string | readonly Element[];
}

const text = (name: string, content: string): Element => ({ name, content });
const typed = (name: string, type: NonNullable<Element['type']>, content: string | readonly Element[]): Element => ({
  name,
  type,
  content,
});
const yes = (name: string, value = true) => typed(name, 'boolean', String(value));

function write(layout: Layout, { disk }: InstalledMachine): string {
  const drives: Element = typed('partitioning', 'list', [
    {
      name: 'drive',
      content: [
        text('device', disk),
        text('disklabel', diskOf(layout).label === 'gpt' ? 'gpt' : 'msdos'),
        yes('initialize'),
        text('use', 'all'),
        yes('enable_snapshots', false),
        typed(
          'partitions',
          'list',
          dataPartitions(layout).map((partition) => partitionElement(layout, partition)),
        ),
      ],
    },
    ...layout.volumeGroups.map((group) => groupElement(layout, group)),
  ]);
  return xml(drives, '').join('\n');
}

function xml({ name, type, content }: Element, indent: string): string[] {
  const start = type === undefined ? `<${name}>` : `<${name} config:type="${type}">`;
  if (typeof content === 'string') return [`${indent}${start}${escapes.yast(content)}</${name}>`];
  return [`${indent}${start}`, ...content.flatMap((element) => xml(element, `${indent}  `)), `${indent}</${name}>`];
}

function sizeWord(bytes: number): string {
  return bytes % mebibyte === 0 ? `${bytes / mebibyte}MiB` : `${Math.floor(bytes / 1024)}KiB`;
}

/** What YaST calls the types of partitions (its partition_id.rb): those of an MBR, and its own above them. */
const partitionIds: Readonly<Record<Content['use'], number>> = {
  'BIOS boot': 263,
  ESP: 259,
  swap: 130,
  'physical volume': 142,
  'file system': 131,
  nothing: 131,
};

function partitionElement(layout: Layout, partition: Partition): Element {
  const content = contentOf(layout, partition);
  return {
    name: 'partition',
    content: [
      yes('create'),
      ...(diskOf(layout).label === 'mbr' ? [text('partition_type', 'primary')] : []),
      typed('partition_id', 'integer', String(partitionIds[content.use])),
      ...contentElements(layout, content),
      text('size', partition.takesRest ? 'max' : sizeWord(partitionSize(layout, partition))),
    ],
  };
}

function contentElements(layout: Layout, content: Content): Element[] {
  if (content.use === 'physical volume') return [yes('format', false), text('lvm_group', content.group.name)];
  if (!('fileSystem' in content)) return [yes('format', false)];
  return [yes('format'), ...fileSystemElements(layout, content.fileSystem)];
}

function fileSystemElements(layout: Layout, fileSystem: FileSystem): Element[] {
  const { type, label, mount, subvolumes } = fileSystem;
  const options = mountOptions(layout, fileSystem);
  const arguments_ = withUuid(fileSystem).join(' ');
  const target = type === 'swap' ? 'swap' : mount;
  return [
    typed('filesystem', 'symbol', type),
    text('label', label),
    ...(arguments_ === '' ? [] : [text('mkfs_options', arguments_)]),
    ...(options.length > 0 && type !== 'swap' ? [text('fstopt', options.join(','))] : []),
    ...(target === undefined ? [] : [text('mount', target), typed('mountby', 'symbol', 'label')]),
    ...(type === 'btrfs' ? [yes('create_subvolumes', subvolumes.length > 0), text('subvolumes_prefix', '')] : []),
    ...(subvolumes.length > 0
      ? [typed('subvolumes', 'list', subvolumes.map(({ name }) => ({ name: 'subvolume', content: [text('path', name)] })))] // prettier-ignore
      : []),
  ];
}

function groupElement(layout: Layout, group: VolumeGroup): Element {
  const growing = growingVolume(layout, group);
  return {
    name: 'drive',
    content: [
      text('device', `/dev/${group.name}`),
      typed('type', 'symbol', 'CT_LVM'),
      text('pesize', sizeWord(group.extentSize)),
      yes('enable_snapshots', false),
      typed(
        'partitions',
        'list',
        group.volumes.map((volume) => volumeElement(layout, volume, volume === growing)),
      ),
    ],
  };
}

function volumeElement(layout: Layout, volume: LogicalVolume, grows: boolean): Element {
  const content = contentOf(layout, volume);
  return {
    name: 'partition',
    content: [
      yes('create'),
      text('lv_name', volume.name),
      ...(volume.type === 'thin-pool' ? [yes('pool')] : contentElements(layout, content)),
      ...(volume.thinPool === undefined ? [] : [text('used_pool', volume.thinPool)]),
      text('size', grows ? 'max' : sizeWord(volume.size)),
    ],
  };
}
