import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readInventory } from '../../contents/inventory.js';
import { makeDirectory } from '../../host/make-directory.js';
import { layerFiles } from '../../nodes/layer-files.js';
import type { StoredInventory } from '../inventory.js';
import { stage } from '../stage.js';

/** What an image holds that is no disk, read from its layers. */
export const inventoryOfTree = stage({
  name: 'inventory',
  title: 'Reading what is in the image',
  reads: ['node'],
  leaves: ['inventory'],
  wants: ({ spec: { manifest, sbom, storeDir }, paths }) =>
    manifest || sbom !== 'no' ? { storeDir, workDir: paths.workDir } : undefined,
  async run(host, { storeDir, workDir }, { node }) {
    makeDirectory(workDir);
    const found = await readInventory(host, await layerFiles(storeDir, node.layer), join(workDir, 'inventory'));
    const { installed, distribution } = found;
    if (installed.format === 'unknown') {
      host.log.warn(`Manifest and SBOM will name no packages: ${installed.reason}`);
    } else {
      host.log.info(`${distribution.name}: ${installed.packages.length} packages`);
    }
    const file = join(workDir, 'inventory.json');
    await writeFile(file, JSON.stringify({ inventory: found } satisfies StoredInventory));
    return { inventory: file };
  },
});
