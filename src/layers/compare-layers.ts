import { chainOf } from './layers.js';
import { differences, type Difference } from './manifest-differences.js';
import { entriesOf, mergedManifest } from './merged-manifest.js';
import type { Store } from './store.js';
import type { TreeEntry } from './tree-entry.js';

/** What differs between the trees that two layers show, each with all below it. Without `from`: nothing is compared to. */
export async function* compareLayers(store: Store, from: string | undefined, to: string): AsyncGenerator<Difference> {
  const before = from === undefined ? nothing() : await shownBy(store, from);
  yield* differences(before, await shownBy(store, to));
}

async function shownBy(store: Store, name: string): Promise<AsyncIterable<TreeEntry>> {
  const chain = await chainOf(store, name);
  return mergedManifest(chain.map((layer) => entriesOf(store, layer)));
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* nothing(): AsyncGenerator<TreeEntry> {
  yield* [];
}
