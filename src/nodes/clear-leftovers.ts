import { rm } from 'node:fs/promises';
import { tryLock } from '../host/file-lock.js';
import { clearStaging } from '../layers/leftovers.js';
import { namesIn, within, type Store } from '../layers/store.js';
import { emptyTrash } from '../layers/trash.js';
import { lockOfNode, unfinishedNode } from './record.js';

/**
 * Removes what builds left that were killed: half a tree, half a node, a lock. What a running build holds stays; nobody has
 * to wait for this.
 */
export async function clearLeftovers(store: Store): Promise<void> {
  await clearStaging(store);
  const names = await namesIn(within(store, 'nodes'));
  const ids = names.flatMap((name) => /^\.([0-9a-f]{64})\.(?:new|lock)$/.exec(name)?.[1] ?? []);
  for (const id of new Set(ids)) {
    const giveBack = await tryLock(store.host, lockOfNode(store, id), `the node ${id}`);
    if (giveBack === undefined) continue;
    await rm(unfinishedNode(store, id), { recursive: true, force: true });
    await giveBack();
  }
  await emptyTrash(store);
}
