import type { Layout } from '../../layout/layout.js';
import { sizeOf, type Place } from './pieces.js';
import { knownTypes, makerOf } from './file-systems.js';
import type { Mounted } from './mount-points.js';
import { roomFor, type TreeEntry } from './tree-listing.js';

/** What can be known of a layout before its disk is made: every problem. */
export function layoutProblems(layout: Layout, places: ReadonlyMap<string, Place>): string[] {
  return layout.fileSystems.flatMap((fileSystem) => {
    const { name, type, on, subvolumes } = fileSystem;
    const maker = makerOf(fileSystem);
    const place = places.get(on);
    if (maker === undefined) {
      return [`the file system ${name}: '${type}' can't be made; the types are ${knownTypes.join(', ')}`];
    }
    if (place === undefined)
      return [`the file system ${name} is on ${on}, which is no disk, partition or logical volume`];
    if (sizeOf(place) < maker.smallest) {
      return [
        `the file system ${name} on ${on} has ${sizeOf(place)} bytes, and ${type} needs at least ${maker.smallest}`,
      ];
    }
    if (subvolumes.length === 0) return [];
    return [
      `the file system ${name} has subvolumes (${subvolumes.map((subvolume) => subvolume.name).join(', ')}): ` +
        'mkfs.btrfs can fill them only from btrfs-progs 6.12 on, and disks are made without; leave them out, or have an installer make them',
    ];
  });
}

/** Why a file system can't hold its part of the tree; undefined where it may. */
export function fitProblem({ name, mount }: Mounted, place: Place, entries: readonly TreeEntry[]): string | undefined {
  const needed = roomFor(entries);
  const size = sizeOf(place);
  if (needed <= size) return undefined;
  return `the tree has ${mebibytes(needed)} for the file system ${name} (${mount}), which has ${mebibytes(size)}: make the disk larger`;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
