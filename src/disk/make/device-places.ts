import type { Layout } from '../../layout/layout.js';
import type { Place } from './pieces.js';
import { volumePlaces } from './volume-extents.js';

/** The places of all disks, partitions and linear logical volumes, by the name that file systems call them by. */
export function devicePlaces(layout: Layout): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const { name, size, sectorSize, partitions } of layout.disks) {
    places.set(name, [{ disk: name, offset: 0, size }]);
    for (const { name: partition, start, size: sectors, kind } of partitions) {
      if (kind === 'extended') continue;
      places.set(partition, [{ disk: name, offset: start * sectorSize, size: sectors * sectorSize }]);
    }
  }
  for (const group of layout.volumeGroups) {
    for (const [name, place] of volumePlaces(group, places)) places.set(name, place);
  }
  return places;
}
