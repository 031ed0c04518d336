import { createReadStream } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Host } from '../host/host.js';
import { unpackLayer } from '../layers/import/archive-layer.js';
import { usualLimits } from '../layers/import/archive-limits.js';
import { layerOfContent } from '../layers/layers.js';
import { openStore } from '../layers/store.js';
import { cleanTree } from './clean-tree.js';
import type { UnpackJob } from './jobs.js';
import { limitTimes } from './limit-times.js';
import { layerOfNode, makeNode } from './make-node.js';
import { removeOldNodes } from './old-nodes.js';
import type { NodeRecord } from './record.js';

/** Makes a layer of a system that was made outside of the store, unless it is there: unpacked, cleaned and frozen. */
export async function unpackNode(host: Host, job: UnpackJob): Promise<NodeRecord> {
  const store = await openStore(host, job.store);
  const { image, archive } = job;
  const node = await makeNode(store, { name: image, inputs: job.inputs }, async (id) => {
    const open = () => createReadStream(archive, { highWaterMark: 1024 * 1024 });
    const layer = await layerOfContent(store, {
      name: layerOfNode(image, id),
      parent: undefined,
      origin: `image ${image}`,
      async fill(tree) {
        const source = { what: basename(archive), open, plainFile: archive };
        await unpackLayer(store, source, { directory: tree, lower: [], limits: usualLimits });
        await cleanTree({ ...host, scratch: dirname(tree) }, job, tree);
        limitTimes(tree, job.latest);
      },
    });
    return { layer };
  });
  await removeOldNodes(store, image, node.id);
  return node;
}
