import { open } from 'node:fs/promises';
import type { Layout } from '../../layout/layout.js';
import type { Place } from './pieces.js';
import type { Identifiers } from './identifiers.js';
import { physicalVolumeHead } from './physical-volume.js';
import { physicalVolumeId, volumeGroupText } from './volume-group-text.js';

/** Writes what LVM needs at the beginning of every physical volume. @param to.time seconds since 1970 */
export async function writePhysicalVolumes(
  { volumeGroups }: Layout,
  places: ReadonlyMap<string, Place>,
  identifiers: Identifiers,
  to: { readonly files: ReadonlyMap<string, string>; readonly time: number },
): Promise<void> {
  for (const group of volumeGroups) {
    const text = volumeGroupText(group, places, identifiers, to.time);
    for (const name of group.physicalVolumes) {
      const [piece] = places.get(name) ?? [];
      if (piece === undefined) continue;
      const head = physicalVolumeHead(physicalVolumeId(identifiers, group, name), piece.size, text);
      const file = await open(to.files.get(piece.disk) ?? '', 'r+');
      try {
        await file.write(head, 0, head.length, piece.offset);
      } finally {
        await file.close();
      }
    }
  }
}
