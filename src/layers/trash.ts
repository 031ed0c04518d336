import { randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './record.js';
import { namesIn, removeTrees, within, type Store } from './store.js';

/**
 * Takes something out of the store in one rename. {@link emptyTrash} removes it, after the store's lock was given back.
 *
 * @param path that nothing has mounted
 */
export async function toTrash(store: Store, path: string): Promise<void> {
  await rename(path, within(store, 'trash', randomBytes(8).toString('hex')));
  await syncDirectory(dirname(path));
  await syncDirectory(within(store, 'trash'));
}

/** Removes what lies in the trash. Several processes may do so at the same time. */
export async function emptyTrash(store: Store): Promise<void> {
  const names = await namesIn(within(store, 'trash'));
  if (names.length === 0) return;
  store.host.log.progress({ text: 'Removing files' });
  await removeTrees(store, ...names.map((name) => within(store, 'trash', name)));
}
