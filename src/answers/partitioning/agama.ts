import type { FileSystem, Layout, LogicalVolume, Partition, VolumeGroup } from '../../layout/layout.js';
import { contentOf, dataPartitions, diskOf, growingVolume, mountOptions, partitionSize, type Content } from './contents.js'; // prettier-ignore
import type { InstalledMachine, PartitioningLanguage } from './language.js';
import { commonLimits, logicalLimits, mkfsUuidLimits, typeLimits, withUuid, type Limit } from './limits.js';

/** Agama: the section `storage` of its profile (its storage.schema.json). */
export const agama: PartitioningLanguage = { installer: 'Agama', limits, write };

const types = ['ext2', 'ext3', 'ext4', 'xfs', 'vfat'];

function limits(layout: Layout): readonly Limit[] {
  return [...commonLimits(layout), ...typeLimits(layout, types), ...logicalLimits(layout), ...mkfsUuidLimits(layout)];
}

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

function write(layout: Layout, { disk }: InstalledMachine): string {
  const storage = {
    // The layout has the partitions that booting needs.
    boot: { configure: false },
    drives: [
      {
        search: disk,
        ptableType: diskOf(layout).label === 'gpt' ? 'gpt' : 'msdos',
        partitions: [
          { search: '*', delete: true },
          ...dataPartitions(layout).map((partition) => partitionOf(layout, partition)),
        ],
      },
    ],
    ...(layout.volumeGroups.length > 0
      ? { volumeGroups: layout.volumeGroups.map((group) => groupOf(layout, group)) }
      : {}),
  };
  return `"storage": ${JSON.stringify(storage, null, 2)}`;
}

const partitionIds: Readonly<Record<Content['use'], string>> = {
  'BIOS boot': 'bios_boot',
  ESP: 'esp',
  swap: 'swap',
  'physical volume': 'lvm',
  'file system': 'linux',
  nothing: 'linux',
};

function partitionOf(layout: Layout, partition: Partition): Json {
  const content = contentOf(layout, partition);
  const size = partitionSize(layout, partition);
  return {
    alias: partition.name,
    id: partitionIds[content.use],
    // What has no upper limit takes what is left.
    size: partition.takesRest ? { min: Math.floor(size * 0.9) } : size,
    ...fileSystemOf(layout, content),
  };
}

function fileSystemOf(layout: Layout, content: Content): { readonly [key: string]: Json } {
  if (!('fileSystem' in content)) return {};
  const { fileSystem } = content;
  const { type, label, mount } = fileSystem;
  const path = type === 'swap' ? 'swap' : mount;
  const options = type === 'swap' ? [] : mountOptions(layout, fileSystem);
  return {
    filesystem: {
      ...(path === undefined ? {} : { path, mountBy: 'label' }),
      ...{ type, label },
      ...mkfs(fileSystem),
      ...(options.length > 0 ? { mountOptions: options } : {}),
    },
  };
}

function mkfs(fileSystem: FileSystem): { readonly [key: string]: Json } {
  const options = withUuid(fileSystem);
  return options.length > 0 ? { mkfsOptions: options } : {};
}

function groupOf(layout: Layout, group: VolumeGroup): Json {
  const growing = growingVolume(layout, group);
  return {
    name: group.name,
    extentSize: group.extentSize,
    physicalVolumes: group.physicalVolumes,
    logicalVolumes: group.volumes.map((volume) => volumeOf(layout, volume, volume === growing)),
  };
}

function volumeOf(layout: Layout, volume: LogicalVolume, grows: boolean): Json {
  const { name, type, thinPool } = volume;
  const size = grows ? { min: Math.floor(volume.size * 0.9) } : volume.size;
  if (type === 'thin-pool') return { pool: true, alias: name, name, size };
  const used = thinPool === undefined ? {} : { usedPool: thinPool };
  return { name, size, ...used, ...fileSystemOf(layout, contentOf(layout, volume)) };
}
