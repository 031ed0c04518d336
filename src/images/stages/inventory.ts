import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readInventory } from '../../contents/inventory.js';
import { ExtFileSystem } from '../../disk/ext-file-system.js';
import { readDiskLayout, readPartitionTableCommand } from '../../disk/partition-table.js';
import type { StoredInventory } from '../inventory.js';
import { SystemFiles } from '../../disk/system-files.js';
import { stage } from '../stage.js';

/** What the installed system holds, read from the raw disk while it is there. Later stages write it down. */
export const inventory = stage({
  name: 'inventory',
  title: 'Reading what is in the image',
  reads: ['system'],
  leaves: ['inventory'],
  wants: ({ spec: { manifest, sbom }, paths }) =>
    manifest || sbom !== 'no' ? { disk: paths.rawDisk, workDir: paths.workDir } : undefined,
  commands: ({ disk }) => [...ExtFileSystem.commands(disk, 'OFFSET').read, readPartitionTableCommand(disk)],
  async run(host, { disk, workDir }, state) {
    const system = await SystemFiles.of(host, disk, state.system);
    const found = await readInventory(host, system, join(workDir, 'inventory'));
    const { installed, distribution, kernels } = found;
    if (installed.format === 'unknown') {
      host.log.warn(`Manifest and SBOM will name no packages: ${installed.reason}`);
    } else {
      const kernel = kernels.length > 0 ? `kernel ${kernels.join(', ')}` : 'no kernel';
      host.log.info(`${distribution.name}: ${installed.packages.length} packages, ${kernel}`);
    }
    const { label, partitions } = await readDiskLayout(host, disk);
    const layout = {
      bytes: (await stat(disk)).size,
      label,
      partitions: partitions.map(({ number, offset, size, type, fileSystem }) => ({
        number,
        offset,
        size,
        type,
        fileSystem,
      })),
    };
    const file = join(workDir, 'inventory.json');
    await writeFile(file, JSON.stringify({ inventory: found, disk: layout } satisfies StoredInventory));
    return { inventory: file };
  },
});
