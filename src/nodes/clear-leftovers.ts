import { rm } from 'node:fs/promises';
import { isDirectoryHeld } from '../host/directory-lock.js';
import { leftoversIn } from '../layers/leftovers.js';
import { changing, namesIn, within, type Store } from '../layers/store.js';
import { emptyTrash } from '../layers/trash.js';

/** Removes what builds left that were killed: half a tree, half a node, a lock. What a running build holds stays. */
export async function clearLeftovers(store: Store): Promise<void> {
  await changing(store, async () => {
    const staging = `${within(store, 'staging')}/`;
    for (const { path, remove } of await leftoversIn(store)) if (path.startsWith(staging)) await remove();
    for (const name of await namesIn(within(store, 'nodes'))) {
      if (!/^\.(?:new-.*|.*\.lock)$/.test(name)) continue;
      const path = within(store, 'nodes', name);
      const isHeld = await isDirectoryHeld(store.host, path).catch(() => true);
      if (!isHeld) await rm(path, { recursive: true, force: true });
    }
  });
  await emptyTrash(store);
}
