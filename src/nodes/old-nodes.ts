import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { trashLayers, usersOf } from '../layers/edit.js';
import { changing, within, type Store } from '../layers/store.js';
import { emptyTrash, toTrash } from '../layers/trash.js';
import { readRecord } from '../layers/record.js';
import { nodeDirectory, nodesOf, type NodeRecord } from './record.js';

/** Removes the nodes that an image had before, unless something is built on them. */
export async function removeOldNodes(store: Store, image: string, current: string): Promise<void> {
  const nodes = await nodesOf(store.directory, image);
  const kept = nodes.find(({ id }) => id === current);
  const old = nodes.filter(({ id }) => id !== current);
  if (old.length > 0) {
    await changing(store, async () => {
      for (const { id, layer } of old) {
        const isShared = layer === kept?.layer;
        if (!isShared && ((await usersOf(store, layer)).length > 0 || (await isFrame(store, id)))) continue;
        await toTrash(store, nodeDirectory(store.directory, id));
        // A command may be using it.
        if (!isShared) await trashLayers(store, [layer]).catch(() => undefined);
      }
    });
  }
  await emptyTrash(store);
}

/** Whether another node has the frame of a node. */
async function isFrame(store: Store, id: string): Promise<boolean> {
  if (!existsSync(join(nodeDirectory(store.directory, id), 'frame'))) return false;
  for (const name of await readdir(within(store, 'nodes'))) {
    const node = await readRecord<NodeRecord>(join(within(store, 'nodes', name), 'node.json')).catch(() => undefined);
    if (node?.frame === id && node.id !== id) return true;
  }
  return false;
}
