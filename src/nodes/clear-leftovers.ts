import { lstat, rm } from 'node:fs/promises';
import { tryLock } from '../host/file-lock.js';
import { clearStaging } from '../layers/leftovers.js';
import { namesIn, within, type Store } from '../layers/store.js';
import { emptyTrash } from '../layers/trash.js';
import { lockOfNode, unfinishedNode } from './record.js';

/** What unfinished nodes were called by versions that locked none of them. No build takes a day. */
const unlocked = { name: /^\.new-[0-9A-Za-z]{6}$/, age: 24 * 3600_000 };

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
  for (const name of names.filter((each) => unlocked.name.test(each))) {
    const directory = within(store, 'nodes', name);
    const changed = (await lstat(directory).catch(() => undefined))?.mtimeMs ?? Infinity;
    if (Date.now() - changed > unlocked.age) await rm(directory, { recursive: true, force: true });
  }
  await emptyTrash(store);
}
