import { createReadStream } from 'node:fs';
import { chmod, chown, mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { GuestMachine } from '../guest/emulator.js';
import type { Host } from '../host/host.js';
import { Failure } from '../host/failure.js';
import type { Unpacked } from '../layers/import/archive-layer.js';
import { closedLayer, chainOf, layerOfContent, type Layer } from '../layers/layers.js';
import { mountOverlay, unmount } from '../layers/overlay-mount.js';
import { openStore, type Store } from '../layers/store.js';
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
async function fill(store: Store, job: DeriveJob, tree: string): Promise<Unpacked | void> {
  const below = await chainOf(store, job.parent);
  const top = below[0];
  if (top === undefined) throw new Failure(`there is no layer '${job.parent}'`);
  if (job.guest !== undefined) return fillInGuest(store, { ...job, guest: job.guest }, below, tree);
  const work = join(dirname(tree), 'work');
  const { uid, gid, mode } = await stat(top.tree);
  await chown(tree, uid, gid);
  await chmod(tree, mode & 0o7777);
  await withParent(store, { tree, below, changes: { upper: 'tree', work: 'work' } }, async (at) => {
    if (job.foreign !== undefined) {
      const { emulatePrograms } = await import('../sandbox/program-emulation.js');
      await emulatePrograms(store.host, job.foreign);
    }
    await changeTree(store.host, job, { root: at, scratch: dirname(tree) });
    await cleanTree({ ...store.host, scratch: dirname(tree) }, job, at);
  });
  await rm(work, { recursive: true });
  await mkdir(work);
}

/** The same, but for a virtual machine, which gets the parent's tree and gives back what it has changed. */
async function fillInGuest(
  store: Store,
  job: DeriveJob & { readonly guest: GuestMachine },
  below: readonly Layer[],
  tree: string,
): Promise<Unpacked> {
  const { changeInGuest } = await import('./guest/change-in-guest.js');
  const { unpackLayer } = await import('../layers/import/archive-layer.js');
  const { usualLimits } = await import('../layers/import/archive-limits.js');
  const directory = join(dirname(tree), 'guest');
  await mkdir(directory);
  const archive = await withParent(store, { tree, below, changes: undefined }, (at) =>
    changeInGuest(store.host, { job, machine: job.guest, tree: at, directory }),
  );
  const what = 'what the virtual machine has changed';
  const source = { what, open: () => createReadStream(archive), plainFile: archive };
  const lower = below.map((layer) => layer.tree);
  const unpacked = await unpackLayer(store, source, { directory: tree, lower, limits: usualLimits });
  await rm(directory, { recursive: true });
  return unpacked;
}

interface MountedParent {
  /** The directory that becomes the layer's tree. */
  readonly tree: string;
  /** The parent and all below it. */
  readonly below: readonly Layer[];
  /** Directories beside the tree, by name; undefined: it is mounted read-only. */
  readonly changes: { readonly upper: string; readonly work: string } | undefined;
}

/** Mounts the parent's tree, beside the one that is made, as long as something is done with it. */
async function withParent<T>(
  store: Store,
  { tree, below, changes }: MountedParent,
  action: (at: string) => Promise<T>,
): Promise<T> {
  const stage = dirname(tree);
  const at = join(stage, 'mount');
  await mkdir(at);
  const mounted = { staging: basename(stage) };
  const inLinks = (path: string) => join('..', 'staging', basename(stage), path);
  await mountOverlay(store, {
    ...{ mounted, layers: below, at: inLinks('mount') },
    ...(changes && { changes: { upper: inLinks(changes.upper), work: inLinks(changes.work) } }),
  });
  const release = store.host.release.hold(`the mount of ${at}`, () => unmount(store, mounted));
  let result: T;
  try {
    result = await action(at);
  } finally {
    await release();
  }
  await rmdir(at);
  return result;
}
