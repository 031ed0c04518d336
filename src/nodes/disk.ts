import { mkdir, mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { existsSync } from 'node:fs';
import { fillFrame } from '../disk/frame/fill-frame.js';
import { kernelsIn } from '../disk/make/boot/kernels.js';
import { makeDisk } from '../disk/make/make-disk.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { chainOf } from '../layers/layers.js';
import { mountOverlay, unmount } from '../layers/overlay-mount.js';
import { openStore, within, type Store } from '../layers/store.js';
import type { DiskJob, KernelJob } from './jobs.js';
import { nodeDirectory } from './record.js';

/** Makes a raw disk of a node: in the frame of its installed ancestor, or by a layout. */
export async function makeDiskOfNode(
  host: Host,
  { store: directory, layer, by, output, epoch }: DiskJob,
): Promise<void> {
  const store = await openStore(host, directory);
  await withTree(store, layer, dirname(output), async (tree) => {
    if ('frame' in by) await fillFrame(host, { frame: frameOf(directory, by.frame), tree, output, epoch });
    else await makeDisk(host, { ...by, tree, output, epoch, bootLoader: 'auto' });
  });
}

function frameOf(store: string, node: string): string {
  const place = join(nodeDirectory(store, node), 'frame');
  if (existsSync(place)) return place;
  throw new Failure(`the frame of the installed disk is gone: ${place}`, { hint: 'Build the installed image again.' });
}

/** Whether there is something in the tree of a layer that a boot loader could start. */
export async function layerHasKernel(host: Host, { store: directory, layer }: KernelJob): Promise<boolean> {
  const store = await openStore(host, directory);
  return withTree(store, layer, within(store, 'staging'), async (tree) => {
    const names = await readdir(join(tree, 'boot'), { withFileTypes: true }).catch(() => []);
    const found = names
      .filter((entry) => entry.isFile())
      .map(({ name }) => ({ path: `boot/${name}`, kind: 'f' as const }));
    return kernelsIn(found).length > 0;
  });
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
  await mountOverlay(store, { mounted, layers, at: relative(within(store, 'l'), at) });
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
