import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { chainOf, type Layer } from '../layers/layers.js';
import type { Store } from '../layers/store.js';
import { verifyLayer } from '../layers/verify.js';

/**
 * Makes sure that a layer and all below it are as they were when they were closed, before something is built on them.
 *
 * Whatever changes a file changes the time of its inode (ctime), which only the kernel sets: where none is later than the
 * closing, nothing was changed. Otherwise, as after the store was copied, every file is compared.
 *
 * @throws Failure that names a file which differs
 */
export async function expectUntouched(store: Store, name: string): Promise<void> {
  for (const layer of await chainOf(store, name)) {
    if (await isOlder(layer)) continue;
    store.host.log.progress({ text: `Verifying the layer ${layer.name}` });
    for await (const { path, what } of verifyLayer(store, layer)) {
      throw new Failure(
        `the layer '${layer.name}' is not what it was when it was closed: ${path === undefined ? '' : `${path}: `}${what}`,
        {
          hint: `See 'image-factory layer verify ${layer.name}'. What is built from an image is made again once its layer is deleted.`,
        },
      );
    }
  }
}

async function isOlder({ tree, closed }: Layer): Promise<boolean> {
  if (closed === undefined) return false;
  const latest = Date.parse(closed);
  const isUntouched = async (path: string): Promise<boolean> => {
    const { ctimeMs } = await lstat(path);
    if (ctimeMs > latest) return false;
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const below = join(path, entry.name);
      if (entry.isDirectory() ? !(await isUntouched(below)) : (await lstat(below)).ctimeMs > latest) return false;
    }
    return true;
  };
  return isUntouched(tree).catch(() => false);
}
