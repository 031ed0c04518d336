import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deleteLayers, usersOf } from '../layers/edit.js';
import { changing, within, type Store } from '../layers/store.js';
import { emptyTrash } from '../layers/trash.js';
import { readRecord } from '../layers/record.js';
import { nodeDirectory, nodesOf, type NodeRecord } from './record.js';

/** Removes the nodes that an image had before, unless something is built on them. */
export async function removeOldNodes(store: Store, image: string, current: string): Promise<void> {
  const nodes = await nodesOf(store.directory, image);
  const kept = nodes.find(({ id }) => id === current);
  for (const old of nodes.filter(({ id }) => id !== current)) {
    const isShared = old.layer === kept?.layer;
    if (!isShared && ((await usersOf(store, old.layer)).length > 0 || (await isFrame(store, old.id)))) continue;
    await changing(store, () => rm(nodeDirectory(store.directory, old.id), { recursive: true, force: true }));
    // Something may have begun to use it meanwhile.
    if (!isShared) await deleteLayers(store, [old.layer]).catch(() => undefined);
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
