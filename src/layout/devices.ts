import type { DocumentDisk, DocumentPartition, DocumentVolume, DocumentVolumeGroup } from './document.js';
import type { Names } from './names.js';
import type { ReadModules } from './read-modules.js';
import type { ReadTable } from './read-disks.js';

/** What file systems can be on. */
export interface Devices {
  readonly disks: readonly DocumentDisk[];
  readonly volumeGroups: readonly DocumentVolumeGroup[];
  /** Notes what a device holds, and complains if it holds something already. */
  use(device: string, by: string, line: number): boolean;
}

/** Joins disks with their partition tables, and physical volumes with groups and volumes. */
export function devicesOf(read: ReadModules, names: Names): Devices {
  const uses = new Map<string, { readonly by: string; readonly line: number }>();
  function use(device: string, by: string, line: number): boolean {
    const other = uses.get(device);
    if (other === undefined) uses.set(device, { by, line });
    else {
      const there = `'${device}' already holds ${other.by} (line ${other.line})`;
      names.findings.error(line, `${by} would overwrite something: ${there}`);
    }
    return other === undefined;
  }
  const disks = disksOf(read, names, use);
  return { disks, volumeGroups: read.lvms.flatMap((lvm) => groupsOf(lvm, names, use)), use };
}

function disksOf(read: ReadModules, names: Names, use: Devices['use']): DocumentDisk[] {
  const tables = new Map<string, ReadTable>();
  for (const table of read.tables) {
    const { where, line, base } = table;
    const disk = names.resolve(base, where, line, ['local_loop']);
    // An empty list means that no table is written.
    if (disk === undefined || table.partitions.length === 0) continue;
    if (use(disk.name, 'a partition table', line)) tables.set(disk.name, table);
  }
  return read.disks.map(({ name, line, size, sectorSize }) => {
    const table = tables.get(name);
    if (table?.label === 'mbr' && sectorSize !== 512) {
      names.findings.error(
        table.line,
        `${table.where}: label: an MBR needs sectors of 512 bytes; expected 'gpt' with a block_size of ${sectorSize}`,
      );
    }
    const partitions = table?.partitions.flatMap(sized) ?? [];
    const { label } = table ?? {};
    return {
      name,
      line,
      size,
      sectorSize,
      table: table && label && { line: table.line, align: table.align, label, partitions },
    };
  });
}

function sized(partition: ReadTable['partitions'][number]): DocumentPartition[] {
  const { size } = partition;
  return size === undefined ? [] : [{ ...partition, size }];
}

function groupsOf(lvm: ReadModules['lvms'][number], names: Names, use: Devices['use']): DocumentVolumeGroup[] {
  const physical = new Map<string, { device: string | undefined; group?: string }>();
  for (const { name, line, where, base } of lvm.physicalVolumes) {
    const device = names.resolve(base, where, line, ['partition', 'local_loop']);
    if (device !== undefined) use(device.name, `the physical volume '${name}'`, line);
    physical.set(name, { device: device?.name });
  }
  const groups = lvm.groups.map((group) => ({
    ...group,
    devices: group.bases.flatMap((base) => {
      const node = names.resolve(base, group.where, group.line, ['pv']);
      const found = node && physical.get(node.name);
      if (node === undefined) return [];
      if (found === undefined) {
        names.findings.error(base.line, `${group.where}: base: '${base.name}' is a physical volume of another 'lvm'`);
        return [];
      }
      if (found.group !== undefined) {
        names.findings.error(
          base.line,
          `${group.where}: base: '${base.name}' is already in the volume group '${found.group}'`,
        );
        return [];
      }
      found.group = group.name;
      return [found.device];
    }),
  }));
  for (const { name, line, where } of lvm.physicalVolumes) {
    // A group with a base that is unknown may mean this one.
    const isUnused = physical.get(name)?.group === undefined && lvm.groups.length > 0;
    if (isUnused && groups.every(({ bases, devices }) => bases.length === devices.length)) {
      names.findings.warn(line, `${where} is in no volume group, so it has no effect`);
    }
  }
  const volumes = lvm.volumes.flatMap((volume) => {
    const group = names.resolve(volume.base, volume.where, volume.line, ['vg']);
    return group === undefined ? [] : [{ ...volume, group: group.name }];
  });
  const pools = new Map(volumes.filter(({ type }) => type === 'thin-pool').map((pool) => [pool.name, pool.group]));
  for (const { thinPool, type, group, where } of volumes) {
    if (!thinPool?.name || type !== 'thin' || pools.get(thinPool.name) === group) continue;
    const known = [...pools].filter(([, of]) => of === group).map(([name]) => name);
    const expected = known.length > 0 ? known.join(', ') : `one with 'type: thin-pool', and '${group}' has none`;
    names.findings.error(
      thinPool.line,
      `${where}: thin-pool: '${thinPool.name}' is no thin pool of '${group}'; expected ${expected}`,
    );
  }
  return groups.map(({ name, line, devices }) => ({
    name,
    line,
    physicalVolumes: devices.filter((device) => device !== undefined),
    volumes: volumes.flatMap((volume) => (volume.group === name ? complete(volume) : [])),
  }));
}

function complete(volume: ReadModules['lvms'][number]['volumes'][number]): DocumentVolume[] {
  const { name, line, size, sizeLine, type, thinPool } = volume;
  return size === undefined ? [] : [{ name, line, size, sizeLine, type, thinPool: thinPool?.name }];
}
