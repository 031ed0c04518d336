import { UsageError } from '../../host/failure.js';
import type { VolumeGroup } from '../../layout/layout.js';
import type { Place } from './pieces.js';

/** Bytes at the beginning of a physical volume that hold label and metadata; what lvm2 takes. */
export const physicalVolumeStart = 2 ** 20;

/** A run of extents of one physical volume that belongs to one logical volume. */
export interface Segment {
  readonly physicalVolume: string;
  /** Both in extents of the group: from the beginning of the physical volume's data, and of the logical volume. */
  readonly at: number;
  readonly from: number;
  readonly count: number;
}

/** The extents of a physical volume of that many bytes. */
export function extentCount(size: number, extentSize: number): number {
  return Math.max(0, Math.floor((size - physicalVolumeStart) / extentSize));
}

/**
 * Gives every logical volume its extents: one after another on the physical volumes, in written order.
 *
 * @throws UsageError where they don't fit, or are not linear
 */
export function segments(
  group: VolumeGroup,
  places: ReadonlyMap<string, Place>,
): ReadonlyMap<string, readonly Segment[]> {
  const thin = group.volumes.filter(({ type }) => type !== 'linear');
  if (thin.length > 0) {
    throw new UsageError([
      `the volume group ${group.name} has thin volumes (${thin.map(({ name }) => name).join(', ')}): only linear ones can be written ` +
        "without the kernel's device mapper; leave out 'type' and 'thin-pool', or have an installer make them",
    ]);
  }
  const free = group.physicalVolumes.map((name) => ({
    name,
    next: 0,
    left: extentCount(places.get(name)?.[0]?.size ?? 0, group.extentSize),
  }));
  const all = free.reduce((sum, { left }) => sum + left, 0);
  const wanted = group.volumes.reduce((sum, { size }) => sum + size / group.extentSize, 0);
  if (wanted > all) {
    throw new UsageError([
      `the logical volumes of ${group.name} need ${wanted} extents of ${group.extentSize} bytes, and its physical volumes have ${all}`,
    ]);
  }
  return new Map(
    group.volumes.map(({ name, size }) => {
      const taken: Segment[] = [];
      let missing = size / group.extentSize;
      let at = 0;
      for (const volume of free) {
        const count = Math.min(volume.left, missing);
        if (count === 0) continue;
        taken.push({ physicalVolume: volume.name, at: volume.next, from: at, count });
        volume.next += count;
        volume.left -= count;
        missing -= count;
        at += count;
      }
      return [name, taken] as const;
    }),
  );
}

/** Where the logical volumes of a group lie on disks, by name. @throws UsageError as {@link segments} */
export function volumePlaces(group: VolumeGroup, places: ReadonlyMap<string, Place>): Map<string, Place> {
  return new Map(
    [...segments(group, places)].map(([name, parts]) => [
      name,
      parts.map(({ physicalVolume, at, count }) => {
        const [{ disk, offset } = { disk: '', offset: 0 }] = places.get(physicalVolume) ?? [];
        return { disk, offset: offset + physicalVolumeStart + at * group.extentSize, size: count * group.extentSize };
      }),
    ]),
  );
}
