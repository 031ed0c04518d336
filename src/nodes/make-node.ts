import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { waitForLock } from '../host/file-lock.js';
import type { Layer } from '../layers/layers.js';
import { syncDirectory, writeRecord } from '../layers/record.js';
import { expectMade, within, type Store } from '../layers/store.js';
import { clearLeftovers } from './clear-leftovers.js';
import {
  lockOfNode,
  nodeDirectory,
  nodeId,
  readNode,
  treeContentId,
  unfinishedNode,
  type NodeInputs,
  type NodeRecord,
} from './record.js';

/** What is made for a node. */
export interface MadeNode {
  readonly layer: Layer;
  /** The node whose frame it has; its own is in the directory that it was given. */
  readonly frame?: string | undefined;
}

/**
 * The node of some inputs: made now, unless it is there. Of several processes that want the same one, one makes it, and
 * the others wait for it.
 *
 * @param make gets an empty directory for what belongs to the node beside its layer
 */
export async function makeNode(
  store: Store,
  { name, inputs }: { readonly name: string; readonly inputs: NodeInputs },
  make: (id: string, directory: string) => Promise<MadeNode>,
): Promise<NodeRecord> {
  const id = nodeId(inputs);
  await expectMade(store);
  await clearLeftovers(store);
  const giveBack = await waitForLock(store.host, lockOfNode(store, id), `the tree of ${name}`);
  try {
    const there = await readNode(store.directory, id);
    if (there !== undefined) return there;
    const scratch = unfinishedNode(store, id);
    const remove = store.host.release.hold(scratch, () => rm(scratch, { recursive: true, force: true }));
    try {
      await rm(scratch, { recursive: true, force: true });
      await mkdir(scratch, { mode: 0o700 });
      const { layer, frame } = await make(id, scratch);
      const record: NodeRecord = {
        ...{ id, name, inputs, layer: layer.name },
        contentId: await treeContentId(store, layer.name),
        ...(frame === undefined ? {} : { frame }),
        made: new Date().toISOString(),
      };
      await writeRecord(join(scratch, 'node.json'), record);
      const place = nodeDirectory(store.directory, id);
      await rm(place, { recursive: true, force: true });
      await rename(scratch, place);
      await syncDirectory(within(store, 'nodes'));
      return record;
    } finally {
      await remove();
    }
  } finally {
    await giveBack();
  }
}

/** The name of a node's layer: that of the image, and the beginning of the id. */
export function layerOfNode(name: string, id: string): string {
  const plain = name.replace(/[^A-Za-z0-9._+@~=-]/g, '_').replace(/^[^A-Za-z0-9_]/, '_');
  return `${plain.slice(0, 100)}-${id.slice(0, 12)}`;
}
