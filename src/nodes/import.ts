import { copyMounted, copySystem, copyUnmounted } from '../disk/copy-system.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { usualLimits } from '../layers/import/archive-limits.js';
import { importLayers } from '../layers/import/import-layers.js';
import { recognise } from '../layers/import/recognise.js';
import { findLayer } from '../layers/layers.js';
import { openStore } from '../layers/store.js';
import { capture } from './capture.js';
import type { ImportJob } from './jobs.js';
import { layerOfNode, makeNode } from './make-node.js';
import type { NodeRecord } from './record.js';

/** Makes layers of a file or directory, unless they are there; of a disk, it keeps the frame as well. */
export async function importNode(host: Host, job: ImportJob): Promise<NodeRecord> {
  const { file, inputs, name } = job;
  const source = await recognise(host, file);
  if (source.kind === 'disk') {
    return capture(host, { ...job, kind: 'capture', image: name, sha256: undefined, rootPartition: undefined });
  }
  const store = await openStore(host, job.store);
  return makeNode(store, { name, inputs }, async (id) => {
    const layer = layerOfNode(name.replace(/^.*\//, ''), id);
    const there = await findLayer(store, layer).catch(() => undefined);
    if (there !== undefined) return { layer: there };
    const copyDisk = (from: { path: string }, to: string) =>
      copySystem(host, from.path, to, store.dialect === 'trusted' ? copyMounted : copyUnmounted);
    const made = await importLayers(store, { name: layer, source, limits: usualLimits, copySystem: copyDisk });
    const top = made.at(-1);
    if (top === undefined) throw new Failure(`${file} holds no layer`);
    return { layer: top };
  });
}
