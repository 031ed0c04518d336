import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, UsageError } from '../host/failure.js';
import { command, run } from '../host/host.js';
import { mountsHere } from '../host/mounts.js';
import { importPoint } from './import-point.js';
import { addLayer, allLayers } from './layers.js';
import { layerName, pointName } from './names.js';
import { allPoints } from './points.js';
import { readRecord } from './record.js';
import type { Store } from './store.js';

// The directory of Stacko (github.com/wagoodman/stacko-py), as its classDb.py, image.py and point.py write it:
// metadata/images.json and points.json, images/IMAGE/.self/content for a layer, images/IMAGE/POINT/content for an instance.

interface StackoImage {
  readonly name: string;
  readonly parent: string | null;
}

interface StackoPoint {
  readonly name: string;
  /** In the order in which its instances were made. */
  readonly imageHistory: readonly string[];
  readonly currentImage: string;
}

/** What was taken over. */
export interface FromStacko {
  readonly layers: readonly string[];
  readonly stackpoints: readonly string[];
}

/**
 * Copies a directory of Stacko's into the store: images become closed layers, and points keep their instances with all
 * changes. Stacko's directory stays as it is.
 *
 * @throws UsageError with all names that the store can't have, before anything is copied
 */
export async function importStacko(store: Store, directory: string): Promise<FromStacko> {
  const from = await realpath(directory);
  if (store.dialect !== 'trusted') {
    throw new Failure(
      `${directory}: only root can read what Stacko wrote: the marks in its trees are trusted.overlay.*`,
    );
  }
  const images = await listIn<StackoImage>(from, 'images.json');
  const points = await listIn<StackoPoint>(from, 'points.json');
  await expectPossible(store, from, { images, points });
  for (const image of parentsFirst(images)) {
    const content = join(from, 'images', image.name, '.self', 'content');
    await addLayer(store, {
      name: image.name,
      parent: image.parent ?? undefined,
      origin: `Stacko: ${from}`,
      fill: (tree) => copyTree(store, content, tree),
    });
  }
  for (const { name, imageHistory, currentImage } of points) {
    const history = [...imageHistory.filter((image) => image !== currentImage), currentImage];
    await importPoint(
      store,
      name,
      history.map((layer) => ({
        layer,
        fill: (upper) => copyTree(store, join(from, 'images', layer, name, 'content'), upper),
      })),
    );
  }
  return { layers: images.map(({ name }) => name), stackpoints: points.map(({ name }) => name) };
}

async function listIn<T>(directory: string, file: string): Promise<T[]> {
  const path = join(directory, 'metadata', file);
  const list = await readRecord<T[]>(path);
  if (Array.isArray(list)) return list;
  if (list === undefined && file === 'points.json') return [];
  throw new Failure(`${path}: ${list === undefined ? 'there is no such file' : 'this is no list'}`, {
    hint: 'A directory of Stacko has metadata/images.json and metadata/points.json.',
  });
}

async function expectPossible(
  store: Store,
  from: string,
  { images, points }: { readonly images: readonly StackoImage[]; readonly points: readonly StackoPoint[] },
): Promise<void> {
  const layers = (await allLayers(store)).map(({ name }) => name);
  const stackpoints = (await allPoints(store)).map(({ name }) => name);
  const names = images.map(({ name }) => name);
  const problems = [
    ...images.flatMap(({ name }) => problemOf(() => layerName(name))),
    ...points.flatMap(({ name }) => problemOf(() => pointName(name))),
    ...names.filter((name) => layers.includes(name)).map((name) => `there is a layer '${name}' already`),
    ...points
      .filter(({ name }) => stackpoints.includes(name))
      .map(({ name }) => `there is a stackpoint '${name}' already`),
    ...images
      .filter(({ parent }) => parent !== null && !names.includes(parent))
      .map(({ name, parent }) => `image '${name}': its parent '${parent}' is missing`),
    ...points.flatMap(({ name, imageHistory, currentImage }) =>
      [...new Set([...imageHistory, currentImage])]
        .filter((image) => !names.includes(image))
        .map((image) => `point '${name}': its image '${image}' is missing`),
    ),
    ...mountsHere()
      .filter(({ mountPoint }) => mountPoint.startsWith(`${from}/`))
      .map(({ mountPoint }) => `${mountPoint} is mounted: unmount it with Stacko or umount first`),
  ];
  if (problems.length > 0) throw new UsageError(problems);
}

function problemOf(check: () => unknown): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    return (error as UsageError).problems;
  }
}

function parentsFirst(images: readonly StackoImage[]): StackoImage[] {
  const depth = (image: StackoImage, seen = 0): number => {
    const parent = images.find(({ name }) => name === image.parent);
    if (seen > images.length) throw new Failure(`image '${image.name}': its line of parents is a circle`);
    return parent === undefined ? 0 : 1 + depth(parent, seen + 1);
  };
  return [...images].sort((one, other) => depth(one) - depth(other));
}

/** Copies a tree with all owners, links, attributes and devices, whiteouts among them, into an empty directory. */
async function copyTree(store: Store, from: string, to: string): Promise<void> {
  const args = ['--archive', '--reflink=auto', '--sparse=always', '--one-file-system', '--', `${from}/.`, to];
  await run(store.host, command('cp', args));
}
