import { join } from 'node:path';
import { writeManifest, type KnownContent } from './manifest.js';
import { syncFile } from './record.js';
import { syncTree, type Store } from './store.js';

/**
 * Writes the manifest of a tree that nothing writes to any more. The tree and the manifest's content are on the disk then;
 * the manifest's name is when the directory is synced, as it is with the next record in it.
 *
 * @param directory of the layer: it has `tree`, and gets `manifest`
 * @param name of the layer, for progress
 * @returns the content id
 */
export async function freeze(store: Store, directory: string, name: string, known?: KnownContent): Promise<string> {
  // The disk writes while the processor hashes.
  const writing = syncTree(store, directory);
  writing.catch(() => undefined);
  const manifest = join(directory, 'manifest');
  const { id } = await writeManifest(store.host, join(directory, 'tree'), manifest, `layer ${name}`, known);
  await writing;
  await syncFile(manifest);
  return id;
}
