import { join } from 'node:path';
import { copyMounted, copySystem, copyUnmounted } from '../disk/copy-system.js';
import { Failure } from '../host/failure.js';
import { mountForReading, unmountEdit } from '../layers/edit.js';
import type { ArchivedTree } from '../layers/export/layer-archive.js';
import { platformOf, platformOfBuilder } from '../layers/export/platform.js';
import { usualLimits } from '../layers/import/archive-limits.js';
import { importLayers } from '../layers/import/import-layers.js';
import { recognise } from '../layers/import/recognise.js';
import { chainOf, settingsIn, takeStage } from '../layers/layers.js';
import { contentOf } from '../layers/manifest.js';
import { changing, openStore, type Store } from '../layers/store.js';
import { treeSource, type TreeSource } from './source.js';

/**
 * The files of a layer of a store, with all below it. Several layers are mounted together until everything is released, so
 * this needs a mount namespace of its own.
 *
 * @throws Failure if a layer is open, or not what it was when it was closed
 */
export async function treeOfLayer(store: Store, name: string, called = name): Promise<TreeSource> {
  const { host } = store;
  const chain = await chainOf(store, name);
  const open = chain.find(({ state }) => state === 'open');
  if (open !== undefined) {
    throw new Failure(`layer '${open.name}' is open: it may still change`, {
      hint: `Close it first: image-factory layer close ${open.name}`,
    });
  }
  const trees = chain.map(({ name: each, tree, contentId }): ArchivedTree => ({
    directory: tree,
    what: `layer ${each}`,
    contentId,
  }));
  const directories = trees.map(({ directory }) => directory);
  const settings = settingsIn(chain);
  const about = { platform: platformOf(directories, settings) ?? platformOfBuilder(store.host, called), settings };
  const [top] = trees;
  if (top === undefined) throw new Error('a layer without layers');
  if (trees.length === 1) return treeSource(called, trees, top, about);
  for (const tree of trees) await expectUnchanged(store, tree);
  const directory = await mountForReading(store, name);
  host.release.hold(`the mount of layer ${name}`, () => changing(store, () => unmountEdit(store, name)));
  return treeSource(called, trees.toReversed(), { directory, what: `layer ${name}` }, about);
}

/**
 * The files of a disk, a directory, an archive or a container image: they are put into a store of their own, which is
 * removed when everything is released.
 *
 * @param store in whose staging directory that is
 */
export async function treeOfFile(store: Store, path: string, called: string): Promise<TreeSource> {
  const { host } = store;
  const { stage } = await takeStage(store);
  const own = await openStore(host, join(stage, 'store'));
  host.log.progress({ text: `Reading the files of ${path}` });
  const name = 'system';
  await importLayers(own, {
    name,
    source: await recognise(host, path),
    limits: usualLimits,
    copySystem: (source, to) =>
      copySystem(host, source.path, to, own.dialect === 'trusted' ? copyMounted : copyUnmounted),
  });
  return treeOfLayer(own, name, called);
}

async function expectUnchanged({ host }: Store, { directory, what, contentId }: ArchivedTree): Promise<void> {
  if (contentId === undefined || (await contentOf(host, directory, what)).id === contentId) return;
  throw new Failure(`${what} is not as it was when it was closed, so nothing is made of it`, {
    hint: `To see what has changed: image-factory layer verify ${what.replace(/^layer /, '')}`,
  });
}
