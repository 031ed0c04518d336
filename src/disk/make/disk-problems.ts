import type { Layout } from '../../layout/layout.js';
import { sizeOf, type Place } from './pieces.js';
import { knownTypes, makerOf } from './file-systems.js';
import { roomFor, type TreeEntry } from './tree-listing.js';

/** What can be known of a layout before its disk is made: every problem. */
export function layoutProblems(layout: Layout, places: ReadonlyMap<string, Place>): string[] {
  return layout.fileSystems.flatMap((fileSystem) => {
    const { name, type, on } = fileSystem;
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
    return [];
  });
}

/** What of a layout can't be made by this user. Root makes everything. */
export function rightsProblems({ fileSystems }: Layout, uid: number): string[] {
  if (uid === 0) return [];
  return fileSystems
    .filter(({ subvolumes }) => subvolumes.length > 0)
    .map(
      ({ name, subvolumes }) =>
        `the file system ${name} has subvolumes (${subvolumes.map((subvolume) => subvolume.name).join(', ')}): ` +
        'to make them it is mounted, which only root may do: run this as root, or leave the subvolumes out',
    );
}

/**
 * Why a file system can't hold its part of the tree; undefined where it may.
 *
 * @param parts what it holds, for each place where it or a subvolume of it is mounted
 */
export function fitProblem(
  { name, mounts }: { readonly name: string; readonly mounts: readonly string[] },
  place: Place,
  parts: readonly (readonly TreeEntry[])[],
): string | undefined {
  const needed = parts.reduce((sum, entries) => sum + roomFor(entries), 0);
  const size = sizeOf(place);
  if (needed <= size) return undefined;
  return `the tree has ${mebibytes(needed)} for the file system ${name} (${mounts.join(', ')}), which has ${mebibytes(size)}: make the disk larger`;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
