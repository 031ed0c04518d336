import { join } from 'node:path';
import type { Layer } from './layers.js';
import { manifestOf, readManifest } from './manifest.js';
import type { Store } from './store.js';
import { comparePaths, type TreeEntry } from './tree-entry.js';

/** The entries of a layer's own tree: those that it was closed with, or those that are there if it is open. */
export function entriesOf(store: Store, layer: Layer): AsyncIterable<TreeEntry> {
  if (layer.state === 'closed') return readManifest(join(layer.tree, '../manifest'));
  return manifestOf(store.host, layer.tree, `layer ${layer.name}`);
}

/** From where on the layers below have nothing to say of a directory's content, or of a whole path. */
interface Hidden {
  readonly below: string;
  /** The index of the first layer that is hidden. */
  readonly from: number;
}

/**
 * What a mount of several layers shows, as overlayfs merges them, in the order of a manifest.
 *
 * @param layers the entries of each, the topmost first
 */
export async function* mergedManifest(layers: readonly AsyncIterable<TreeEntry>[]): AsyncGenerator<TreeEntry> {
  const sources = layers.map((entries) => entries[Symbol.asyncIterator]());
  const heads: (TreeEntry | undefined)[] = [];
  const advance = async (index: number) => {
    const next = await sources[index]?.next();
    heads[index] = next === undefined || next.done ? undefined : next.value;
  };
  try {
    for (const index of sources.keys()) await advance(index);
    let hidden: Hidden[] = [];
    for (;;) {
      const path = leastPath(heads);
      if (path === undefined) return;
      hidden = hidden.filter(({ below }) => isBelow(path, below));
      const first = Math.min(layers.length, ...hidden.map(({ from }) => from));
      const { entry, from } = merge(heads, path, first);
      if (from !== undefined) hidden.push({ below: path, from });
      if (entry !== undefined) yield entry;
      for (const [index, head] of heads.entries()) if (head?.path === path) await advance(index);
    }
  } finally {
    for (const source of sources) await source.return?.();
  }
}

function leastPath(heads: readonly (TreeEntry | undefined)[]): string | undefined {
  let least: string | undefined;
  for (const head of heads) {
    if (head !== undefined && (least === undefined || comparePaths(head.path, least) < 0)) least = head.path;
  }
  return least;
}

function isBelow(path: string, directory: string): boolean {
  return directory === '' ? path !== '' : path.startsWith(`${directory}/`);
}

/** What the layers above `end` make of a path together, and from which layer on they hide what is below it. */
function merge(
  heads: readonly (TreeEntry | undefined)[],
  path: string,
  end: number,
): { entry: TreeEntry | undefined; from: number | undefined } {
  let entry: TreeEntry | undefined;
  for (const [index, head] of heads.slice(0, end).entries()) {
    if (head?.path !== path) continue;
    if (head.type !== 'dir') return { entry: entry ?? (head.type === 'whiteout' ? undefined : head), from: index };
    if (entry === undefined) {
      const { opaque, ...shown } = head;
      void opaque;
      entry = shown;
    }
    if (head.opaque) return { entry, from: index + 1 };
  }
  return { entry, from: undefined };
}
