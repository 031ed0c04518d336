import type { Disk, Layout, VolumeGroup } from './layout.js';
import { shownSize } from './size.js';

/** Something that takes up room, in bytes. */
interface Stretch {
  /** What stands in it, line by line. */
  readonly words: readonly string[];
  readonly size: number;
}

/** Characters in a cell, at the least: for the number of a partition. */
const narrowest = 3;

/** Smaller gaps are alignment. */
const smallestGap = 4 * 2 ** 20;

/**
 * Disks and volume groups as rows of boxes, about as wide as what they stand for is large.
 *
 * @param width of a row, in characters
 */
export function drawing(layout: Layout, width: number): string[] {
  const holds = (device: string) => contentsOf(device, layout);
  return [
    ...layout.disks.flatMap((disk) => [
      disk.name,
      ...box(disk.label === null ? wholeDisk(disk, holds) : partitions(disk, holds), width),
    ]),
    ...layout.volumeGroups.flatMap((group) => [group.name, ...box(volumes(group, holds), width)]),
  ];
}

function contentsOf(device: string, { fileSystems, volumeGroups }: Layout): string {
  const one = fileSystems.find(({ on }) => on === device);
  const group = volumeGroups.find(({ physicalVolumes }) => physicalVolumes.includes(device));
  const mounts = [one?.mount, ...(one?.subvolumes ?? []).map(({ mount }) => mount)].filter(
    (mount) => mount !== undefined,
  );
  return group?.name ?? (mounts.length > 0 ? mounts.join(' ') : (one?.type ?? ''));
}

function wholeDisk({ name, size }: Disk, holds: (device: string) => string): Stretch[] {
  return [{ words: ['', shownSize(size), holds(name)], size }];
}

/** Logical partitions stand for the extended one that they are in. */
function partitions({ partitions, sectorSize, size }: Disk, holds: (device: string) => string): Stretch[] {
  const stretches: Stretch[] = [];
  let at = 0;
  for (const partition of partitions.filter(({ kind }) => kind !== 'extended')) {
    stretches.push(...gap(partition.start * sectorSize - at));
    const bytes = partition.size * sectorSize;
    stretches.push({
      words: [`${partition.number} ${partition.name}`, shownSize(bytes), holds(partition.name)],
      size: bytes,
    });
    at = partition.start * sectorSize + bytes;
  }
  return [...stretches, ...gap(size - at)];
}

function gap(size: number): Stretch[] {
  return size < smallestGap ? [] : [{ words: ['', 'free', ''], size }];
}

/** Thin volumes are in their pool, and may be larger than it. */
function volumes({ volumes }: VolumeGroup, holds: (device: string) => string): Stretch[] {
  return volumes.flatMap((volume) => {
    if (volume.type === 'thin') return [];
    const inPool = volumes.filter(({ thinPool }) => thinPool === volume.name).map(({ name }) => name);
    const contents = volume.type === 'thin-pool' ? inPool.join(' ') : holds(volume.name);
    return [{ words: [volume.name, shownSize(volume.size), contents], size: volume.size }];
  });
}

function box(stretches: readonly Stretch[], width: number): string[] {
  if (stretches.length === 0) return [];
  const widths = widthsOf(stretches, width - stretches.length - 1);
  const edge = `+${widths.map((count) => '-'.repeat(count)).join('+')}+`;
  const row = (line: number) =>
    `|${stretches.map(({ words }, at) => (words[line] ?? '').slice(0, widths[at]).padEnd(widths[at] ?? 0)).join('|')}|`;
  return [edge, row(0), row(1), row(2), edge];
}

/** Shares of the room by size, but none too narrow for what stands in it, if there is room; the largest gives what others need. */
function widthsOf(stretches: readonly Stretch[], room: number): number[] {
  const all = stretches.reduce((sum, { size }) => sum + size, 0);
  const fair = Math.max(narrowest, Math.floor(room / stretches.length / 2));
  const least = stretches.map(({ words }) => Math.min(fair, Math.max(narrowest, ...words.map(({ length }) => length))));
  const widths = stretches.map(({ size }, at) => Math.max(least[at]!, Math.floor((size / Math.max(all, 1)) * room)));
  for (let excess = widths.reduce((sum, count) => sum + count, 0) - room; excess !== 0; excess -= Math.sign(excess)) {
    const largest = widths.indexOf(Math.max(...widths));
    if (excess > 0 && widths[largest]! <= least[largest]!) break;
    widths[largest]! -= Math.sign(excess);
  }
  return widths;
}
