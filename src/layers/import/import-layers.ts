import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileSink } from '../../host/file-sink.js';
import { layerName } from '../names.js';
import { addLayer, chainOf, findSame, layerOfContent, withStage, type FilledLayer, type Layer } from '../layers.js';
import { deleteLayers } from '../edit.js';
import type { Store } from '../store.js';
import { emptyTrash } from '../trash.js';
import { unpackLayer, type LayerArchive } from './archive-layer.js';
import type { ArchiveLimits } from './archive-limits.js';
import { blobsInArchive, blobsInDirectory, type Blobs } from './blobs.js';
import { compressionOf, decompressed } from './compression.js';
import { readImage, type ReadImage } from './container-image.js';
import { copyTree, settleCopy } from './copy-tree.js';
import type { Source } from './recognise.js';

/** What is imported, and as what. */
export interface Import {
  readonly name: string;
  readonly parent?: string | undefined;
  readonly source: Source;
  readonly limits: ArchiveLimits;
  /** Fills a directory with the root file system of a disk. Another room's: layers know nothing of disks. */
  readonly copySystem: (source: Source & { kind: 'disk' }, directory: string) => Promise<void>;
}

/**
 * Makes closed layers of a source. A container image becomes as many as it has: the topmost has the name, those below it
 * `NAME-1`, `NAME-2` …, unless the store has layers of the same content already: then those are used.
 *
 * @returns the layers, the lowest first; those that were there already are not among them
 */
export async function importLayers(store: Store, wanted: Import): Promise<Layer[]> {
  const { name, parent, source, limits } = wanted;
  const origin = `import of ${source.path}`;
  layerName(name);
  switch (source.kind) {
    case 'directory':
      return [await addLayer(store, { name, parent, origin, fill: (to) => copyTree(store, source.path, to) })];
    case 'disk':
      return [await addLayer(store, { name, parent, origin, fill: (to) => copyDisk(store, wanted, source, to) })];
    case 'archive': {
      const what = basename(source.path);
      const open = () => createReadStream(source.path, { highWaterMark: 1024 * 1024 });
      const isPlain = (await compressionOf(source.path)) === 'none';
      const archive = { what, open, ...(isPlain && { plainFile: source.path }) };
      return [await addLayer(store, { name, parent, origin, fill: filling(store, archive, parent, limits) })];
    }
    case 'image directory':
      return importImage(store, wanted, await blobsInDirectory(source.path), source.reference);
    case 'image archive':
      return withPlainArchive(store, wanted, async (path) =>
        importImage(store, wanted, await blobsInArchive(store.host, path), source.reference),
      );
  }
}

async function copyDisk(
  store: Store,
  { copySystem }: Import,
  source: Source & { kind: 'disk' },
  directory: string,
): Promise<void> {
  await copySystem(source, directory);
  await settleCopy(store, directory, source.path);
}

function filling(
  store: Store,
  archive: LayerArchive,
  parent: string | undefined,
  limits: ArchiveLimits,
): FilledLayer['fill'] {
  return async (directory) => {
    const lower = parent === undefined ? [] : (await chainOf(store, parent)).map(({ tree }) => tree);
    return unpackLayer(store, archive, { directory, lower, limits });
  };
}

async function importImage(store: Store, wanted: Import, blobs: Blobs, reference?: string): Promise<Layer[]> {
  const image = await readImage(blobs, reference);
  const made: Layer[] = [];
  try {
    for await (const layer of layersOf(store, wanted, image)) made.push(layer);
  } catch (error) {
    // Half an image is of no use.
    await deleteLayers(store, made.map((layer) => layer.name).toReversed());
    await emptyTrash(store);
    throw error;
  }
  return made;
}

/** Makes the layers of an image that are not there yet. */
async function* layersOf(store: Store, wanted: Import, { layers, settings }: ReadImage): AsyncGenerator<Layer> {
  const { name, source, limits } = wanted;
  let { parent } = wanted;
  for (const [index, archive] of layers.entries()) {
    const origin = `import of ${source.path}`;
    const layer = { parent, origin, fill: filling(store, archive, parent, limits) };
    if (index === layers.length - 1) {
      yield await addLayer(store, { ...layer, name, image: settings });
      return;
    }
    const known = await findSame(store, parent, ({ diffId }) => diffId !== undefined && diffId === archive.diffId);
    const named = `${name}-${index + 1}`;
    const below = known ?? (await layerOfContent(store, { ...layer, name: named }));
    if (known === undefined && below.name === named) yield below;
    else store.host.log.info(`Layer ${index + 1} is there already: ${below.name}`);
    parent = below.name;
  }
}

/** Runs an action on an archive of an image, decompressed in the store if need be. */
async function withPlainArchive<T>(
  store: Store,
  { source, limits }: Import,
  action: (path: string) => Promise<T>,
): Promise<T> {
  if ((await compressionOf(source.path)) === 'none') return action(source.path);
  return withStage(store, async (stage) => {
    const what = basename(source.path);
    const plain = join(stage, what);
    await pipeline(
      createReadStream(source.path),
      (bytes: AsyncIterable<Uint8Array>) => decompressed(store.host, bytes, { what, limits }),
      fileSink(plain),
    );
    return action(plain);
  });
}
