import { join } from 'node:path';
import { copyMounted, copySystem, copyUnmounted } from '../disk/copy-system.js';
import { takeFrame } from '../disk/frame/frame.js';
import { sha256Of } from '../host/digest.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { settleCopy } from '../layers/import/copy-tree.js';
import { layerOfContent } from '../layers/layers.js';
import { openStore } from '../layers/store.js';
import type { CaptureJob } from './jobs.js';
import { layerOfNode, makeNode } from './make-node.js';
import { removeOldNodes } from './old-nodes.js';
import type { NodeRecord } from './record.js';

/** Makes a layer of an installed disk, unless it is there, and keeps the disk's frame for the disks of its children. */
export async function capture(host: Host, job: CaptureJob): Promise<NodeRecord> {
  const store = await openStore(host, job.store);
  const { image, file, sha256 } = job;
  const node = await makeNode(store, { name: image, inputs: job.inputs }, async (id, directory) => {
    if (sha256 !== undefined && (await sha256Of(host, file)) !== sha256) {
      throw new Failure(`${file} is not the image that was built: its SHA-256 sum is not ${sha256}`, {
        hint: `Build ${image} again.`,
      });
    }
    host.log.info(`Making a layer of ${file}`);
    const copy = store.dialect === 'trusted' ? copyMounted : copyUnmounted;
    const layer = await layerOfContent(store, {
      name: layerOfNode(image, id),
      parent: undefined,
      origin: `image ${image}`,
      async fill(tree) {
        const frame = join(directory, 'frame');
        const here = { ...host, scratch: directory };
        await copySystem(here, file, tree, copy, (volumes, system) => takeFrame(volumes, system, frame));
        await settleCopy(store, tree, file);
      },
    });
    return { layer, frame: id };
  });
  await removeOldNodes(store, image, node.id);
  return node;
}
