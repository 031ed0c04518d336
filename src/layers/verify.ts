import { join } from 'node:path';
import { sha256Of } from '../host/digest.js';
import { reasonOf } from '../host/errno.js';
import { chainOf, type Layer } from './layers.js';
import { differences, type Difference } from './manifest-differences.js';
import { contentOf, manifestOf, readManifest } from './manifest.js';
import type { Store } from './store.js';
import { readable } from './tree-entry.js';

/** Something that is not as it was when a layer was closed. */
export interface Finding {
  readonly layer: string;
  /** The file in the layer's tree; undefined for the layer itself. */
  readonly path?: string;
  /** `added`, `removed`, `mode 0644 was 0755` … */
  readonly what: string;
}

/** The most findings of one layer: a tree that was replaced differs in every file. */
const mostFindings = 1000;

/** Compares closed layers with what they were closed with. Open ones may change, and have no findings. */
export async function* verifyLayer(store: Store, layer: Layer): AsyncGenerator<Finding> {
  const { name } = layer;
  try {
    await chainOf(store, name);
  } catch (error) {
    yield { layer: name, what: reasonOf(error) };
  }
  if (layer.state === 'open') return;
  try {
    yield* changesOf(store, layer);
  } catch (error) {
    store.host.signal.throwIfAborted();
    yield { layer: name, what: `its tree can't be read: ${reasonOf(error)}` };
  }
}

async function* changesOf(store: Store, { name, tree, contentId }: Layer): AsyncGenerator<Finding> {
  const { id } = await contentOf(store.host, tree, `layer ${name}`);
  if (id === contentId) return;
  const manifest = join(tree, '../manifest');
  const recorded = await sha256Of(store.host, manifest).catch(() => undefined);
  if (recorded !== contentId) {
    const lost = recorded === undefined ? 'its manifest is missing' : 'its manifest was changed';
    yield { layer: name, what: `its content is not that of its id, and ${lost}: the files can't be named` };
    return;
  }
  let count = 0;
  for await (const difference of differences(readManifest(manifest), manifestOf(store.host, tree, `layer ${name}`))) {
    if (++count > mostFindings) {
      yield { layer: name, what: `more than ${mostFindings} files differ` };
      return;
    }
    yield { layer: name, path: readable(difference.path) || '.', what: changeOf(difference) };
  }
}

/** A difference in words. */
export function changeOf(difference: Difference): string {
  if (difference.kind !== 'changed') return difference.kind;
  return difference.changes
    .map(({ keyword, before, after }) => {
      const what = keyword === 'sha256digest' ? 'content' : keyword;
      if (what === 'content') return 'content changed';
      if (before === undefined) return `${what} added`;
      if (after === undefined) return `${what} removed`;
      return what.startsWith('xattr.') ? `${what} changed` : `${what} ${after} was ${before}`;
    })
    .join(', ');
}
