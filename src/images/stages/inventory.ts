import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readInventory } from '../../contents/inventory.js';
import { ExtFileSystem } from '../../disk/ext-file-system.js';
import { readDiskLayout, readPartitionTableCommand } from '../../disk/partition-table.js';
import type { StoredInventory } from '../inventory.js';
import { rootFileSystem } from '../root-file-system.js';
import type { Stage } from '../../engine/stage.js';

/** What the installed system holds, read from the raw disk while it is there. Later stages write it down. */
export const inventory: Stage = {
  name: 'inventory',
  title: 'Reading what is in the image',
  neededFor: ({ manifest, sbom }) => manifest || sbom !== 'no',
  commands: ({ paths }) => [
    ...ExtFileSystem.commands(paths.rawDisk, 'OFFSET').read,
    readPartitionTableCommand(paths.rawDisk),
  ],
  async run(build) {
    const { workDir, rawDisk } = build.paths;
    const found = await readInventory(build, await rootFileSystem(build), join(workDir, 'inventory'));
    const { installed, distribution, kernels } = found;
    if (installed.format === 'unknown') {
      build.log.warn(`Manifest and SBOM will name no packages: ${installed.reason}`);
    } else {
      const kernel = kernels.length > 0 ? `kernel ${kernels.join(', ')}` : 'no kernel';
      build.log.info(`${distribution.name}: ${installed.packages.length} packages, ${kernel}`);
    }
    const disk = { bytes: (await stat(rawDisk)).size, ...(await readDiskLayout(build, rawDisk)) };
    build.state.inventory = join(workDir, 'inventory.json');
    await writeFile(build.state.inventory, JSON.stringify({ inventory: found, disk } satisfies StoredInventory));
  },
  inputs: () => [],
};
