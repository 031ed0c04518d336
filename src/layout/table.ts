import { fstabText } from './fstab-text.js';
import type { Disk, FileSystem, Layout, Partition, VolumeGroup } from './layout.js';
import { typeWords } from './partition-types.js';
import { shownSize } from './size.js';

type Row = readonly string[];

/** A layout as tables: a disk or volume group each, then file systems below others, then fstab. */
export function layoutTable(layout: Layout): string[] {
  return [
    ...layout.disks.flatMap((disk) => [...diskTable(disk, layout), '']),
    ...layout.volumeGroups.flatMap((group) => [...groupTable(group, layout), '']),
    ...subvolumeLines(layout.fileSystems),
    ...(layout.fstab.length > 0 ? ['/etc/fstab:', ...layout.fstab.map((line) => `  ${fstabText(line)}`)] : []),
  ];
}

const titles: Row = ['TYPE', 'FILE SYSTEM', 'LABEL', 'MOUNT', 'FLAGS'];

function diskTable(disk: Disk, layout: Layout): string[] {
  const { name, size, sectorSize, label, partitions } = disk;
  const table = label === null ? 'not partitioned' : label.toUpperCase();
  const title = `${name}: ${shownSize(size)}, ${table}, sectors of ${sectorSize} bytes`;
  const rows =
    label === null
      ? [['', name, '0', shownSize(size), '', ...contents(name, layout), '']]
      : partitions.map((partition) => partitionRow(partition, sectorSize, layout));
  return [title, ...columns([['', 'NAME', 'START', 'SIZE', ...titles], ...rows], [0, 2, 3])];
}

function partitionRow(partition: Partition, sectorSize: number, layout: Layout): Row {
  const { number, name, start, size, type, flags, kind } = partition;
  const grows = layout.fileSystems.some(({ on, grow }) => on === name && grow);
  const marks = [...flags, ...(kind === 'logical' ? ['logical'] : []), ...(grows ? ['grow'] : [])];
  return [
    String(number),
    name,
    shownSize(start * sectorSize),
    shownSize(size * sectorSize),
    typeWords(type),
    ...contents(name, layout),
    marks.join(','),
  ];
}

function groupTable({ name, physicalVolumes, volumes }: VolumeGroup, layout: Layout): string[] {
  const rows = volumes.map((volume) => [
    volume.name,
    shownSize(volume.size),
    volume.type === 'thin' ? `thin in ${volume.thinPool}` : volume.type,
    ...contents(volume.name, layout),
  ]);
  const title = `${name}: volume group on ${physicalVolumes.join(', ')}`;
  return [title, ...columns([['NAME', 'SIZE', ...titles.slice(0, -1)], ...rows], [1])];
}

/** File system, label and mount point of what is on a device. */
function contents(device: string, { fileSystems, volumeGroups }: Layout): Row {
  const one = fileSystems.find(({ on }) => on === device);
  if (one !== undefined) return [one.type, one.label, one.mount ?? ''];
  const group = volumeGroups.find(({ physicalVolumes }) => physicalVolumes.includes(device));
  return group === undefined ? ['', '', ''] : [`LVM: ${group.name}`, '', ''];
}

function subvolumeLines(fileSystems: readonly FileSystem[]): string[] {
  return fileSystems.flatMap(({ on, subvolumes }) =>
    subvolumes.length === 0
      ? []
      : [
          `subvolumes of ${on}:`,
          ...columns(
            subvolumes.map(({ name, mount }) => [name, mount ?? '']),
            [],
          ),
          '',
        ],
  );
}

/** Rows below each other; numbers at the right of their column. */
function columns(rows: readonly Row[], right: readonly number[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  // A column that nothing is in is left out, with its title.
  const used = widths.map((_, at) => rows.slice(rows.length > 1 ? 1 : 0).some((row) => row[at]));
  return rows.map((row) => {
    const cells = row.map((cell, at) =>
      right.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
    );
    return `  ${cells.filter((_, at) => used[at]).join('  ')}`.trimEnd();
  });
}
