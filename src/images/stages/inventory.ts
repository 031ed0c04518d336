import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readInventory } from '../../contents/inventory.js';
import { ExtFileSystem } from '../../disk/ext-file-system.js';
import type { ManifestDisk } from '../../contents/manifest.js';
import type { DiskLayout } from '../../disk/disk-layout.js';
import { Volumes } from '../../disk/volumes.js';
import type { StoredInventory } from '../inventory.js';
import { SystemFiles } from '../../disk/system-files.js';
import { stage } from '../stage.js';

/** What the installed system holds, read from the raw disk while it is there. Later stages write it down. */
export const inventory = stage({
  name: 'inventory',
  title: 'Reading what is in the image',
  reads: ['system'],
  leaves: ['inventory'],
  wants: ({ spec: { manifest, sbom }, paths, packages }) =>
    manifest || sbom !== 'no' || packages ? { disk: paths.rawDisk, workDir: paths.workDir } : undefined,
  commands: ({ disk }) => ExtFileSystem.commands(disk, 'OFFSET').read,
  async run(host, { disk, workDir }, state) {
    const found = await Volumes.use(host, disk, (volumes) =>
      readInventory(host, new SystemFiles(state.system, volumes), join(workDir, 'inventory')),
    );
    const { installed, distribution, kernels } = found;
    if (installed.format === 'unknown') {
      host.log.warn(`Manifest and SBOM will name no packages: ${installed.reason}`);
    } else {
      const kernel = kernels.length > 0 ? `kernel ${kernels.join(', ')}` : 'no kernel';
      host.log.info(`${distribution.name}: ${installed.packages.length} packages, ${kernel}`);
    }
    const layout = manifestDisk((await stat(disk)).size, state.system);
    const file = join(workDir, 'inventory.json');
    await writeFile(file, JSON.stringify({ inventory: found, disk: layout } satisfies StoredInventory));
    return { inventory: file };
  },
});

function manifestDisk(bytes: number, { table, partitions, lvm, volumes }: DiskLayout): ManifestDisk {
  const described = (name: string) => {
    const volume = volumes.find(({ id }) => id === name);
    return volume && { name: name.slice(name.indexOf('/') + 1), size: volume.size, fileSystem: volume.fileSystem };
  };
  const groups = lvm.groups.map(({ name, volumes: names }) => ({
    name,
    volumes: names.flatMap((id) => described(id) ?? []),
  }));
  return {
    bytes,
    label: table.label,
    partitions: partitions.map(({ partition: { number, offset, size, type }, fileSystem }) => ({
      ...{ number, offset, size, type, fileSystem },
    })),
    ...(groups.length > 0 ? { volumeGroups: groups } : {}),
  };
}
