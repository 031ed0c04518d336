import { chmod, chown, mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Host } from '../host/host.js';
import { Failure } from '../host/failure.js';
import { closedLayer, chainOf, layerOfContent } from '../layers/layers.js';
import { mountOverlay, unmount } from '../layers/overlay-mount.js';
import { changing, openStore, type Store } from '../layers/store.js';
import { emulatePrograms } from '../sandbox/program-emulation.js';
import { changeTree } from './change-tree.js';
import { cleanTree } from './clean-tree.js';
import { expectUntouched } from './expect-untouched.js';
import type { DeriveJob } from './jobs.js';
import { layerOfNode, makeNode } from './make-node.js';
import { removeOldNodes } from './old-nodes.js';
import type { NodeRecord } from './record.js';

/** Makes the tree of a derived image, unless it is there: the parent's with changes, frozen as a layer. */
export async function derive(host: Host, job: DeriveJob): Promise<NodeRecord> {
  const store = await openStore(host, job.store);
  const node = await makeNode(store, { name: job.image, inputs: job.inputs }, async (id) => {
    const parent = await closedLayer(store, job.parent);
    await expectUntouched(store, parent.name);
    host.log.info(`Deriving ${job.image} from the layer ${parent.name}`);
    const layer = await layerOfContent(store, {
      name: layerOfNode(job.image, id),
      parent: parent.name,
      origin: `image ${job.image}`,
      fill: (tree) => fill(store, job, tree),
    });
    return { layer, frame: job.frame };
  });
  await removeOldNodes(store, job.image, node.id);
  return node;
}

/** Changes the parent's tree; what is changed goes to a directory, which holds nothing else afterwards. */
async function fill(store: Store, job: DeriveJob, tree: string): Promise<void> {
  const stage = dirname(tree);
  const work = join(stage, 'work');
  const at = join(stage, 'mount');
  await mkdir(at);
  const below = await chainOf(store, job.parent);
  const top = below[0];
  if (top === undefined) throw new Failure(`there is no layer '${job.parent}'`);
  const { uid, gid, mode } = await stat(top.tree);
  await chown(tree, uid, gid);
  await chmod(tree, mode & 0o7777);
  const mounted = { staging: basename(stage) };
  const inLinks = (path: string) => join('..', 'staging', basename(stage), path);
  await changing(store, () =>
    mountOverlay(store, {
      mounted,
      layers: below,
      changes: { upper: inLinks('tree'), work: inLinks('work') },
      at: inLinks('mount'),
    }),
  );
  const release = store.host.release.hold(`the mount of ${at}`, () => unmount(store, mounted));
  try {
    if (job.foreign !== undefined) await emulatePrograms(store.host, job.foreign);
    await changeTree(store.host, job, at);
    await cleanTree(store.host, job, at);
  } finally {
    await release();
  }
  await rmdir(at);
  await rm(work, { recursive: true });
  await mkdir(work);
}
