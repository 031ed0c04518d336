import { fstabText } from './fstab-text.js';
import type { FileSystem, Layout } from './layout.js';

/** A layout as `layout show --json` prints it: start and size of partitions in sectors, sizes of volumes in bytes. */
export function layoutAsJson({ disks, volumeGroups, fileSystems, fstab }: Layout) {
  const swaps = new Set(fstab.filter(({ mount }) => mount === 'none').map(({ fileSystem }) => fileSystem));
  return {
    disks: disks.map(({ name, sectorSize, label, partitions }) => ({
      name,
      sector_size: sectorSize,
      label,
      partitions: partitions.map((partition) => {
        const { number, start, size, type, flags } = partition;
        return { number, name: partition.name, start, size, type, flags };
      }),
    })),
    volume_groups: volumeGroups.map(({ name, physicalVolumes, volumes }) => ({
      name,
      physical_volumes: physicalVolumes,
      volumes: volumes.map((volume) => ({ name: volume.name, size: volume.size })),
    })),
    filesystems: fileSystems.map((one) => ({
      name: one.name,
      on: one.on,
      type: one.type,
      label: one.label,
      options: one.options,
      mount: mountOf(one, swaps),
      ...extensionsOf(one),
    })),
    fstab: fstab.map(fstabText),
  };
}

function mountOf({ name, mount }: FileSystem, swaps: ReadonlySet<string>): string | null {
  return mount ?? (swaps.has(name) ? 'none' : null);
}

/** A key for what diskimage-builder's language does not have, where there is some. */
function extensionsOf({ subvolumes }: FileSystem) {
  if (subvolumes.length === 0) return {};
  return { subvolumes: subvolumes.map(({ name, mount }) => ({ name, mount: mount ?? null })) };
}
