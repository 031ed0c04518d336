import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { existsSync } from 'node:fs';
import { fillFrame } from '../disk/frame/fill-frame.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { chainOf } from '../layers/layers.js';
import { mountOverlay, unmount } from '../layers/overlay-mount.js';
import { changing, openStore, within, type Store } from '../layers/store.js';
import type { DiskJob } from './jobs.js';
import { nodeDirectory } from './record.js';

/** Makes a raw disk of a node in the frame of its installed ancestor. */
export async function makeDiskOfNode(
  host: Host,
  { store: directory, layer, frame, output, epoch }: DiskJob,
): Promise<void> {
  const store = await openStore(host, directory);
  const place = join(nodeDirectory(directory, frame), 'frame');
  if (!existsSync(place)) {
    throw new Failure(`the frame of the installed disk is gone: ${place}`, {
      hint: 'Build the installed image again.',
    });
  }
  await withTree(store, layer, dirname(output), (tree) => fillFrame(host, { frame: place, tree, output, epoch }));
}

/** Mounts a layer with all below it, read-only, where only this process and its children see it. */
export async function withTree<T>(
  store: Store,
  layer: string,
  scratch: string,
  action: (tree: string) => Promise<T>,
): Promise<T> {
  await mkdir(scratch, { recursive: true });
  const at = await mkdtemp(join(scratch, '.tree-'));
  const mounted = { staging: `tree-${basename(at)}` };
  const layers = await chainOf(store, layer);
  await changing(store, () => mountOverlay(store, { mounted, layers, at: relative(within(store, 'l'), at) }));
  const release = store.host.release.hold(`the mount of ${at}`, async () => {
    await unmount(store, mounted);
    await rmdir(at);
  });
  try {
    return await action(at);
  } finally {
    await release();
  }
}
