import { garbageIn, collectGarbage, fewestKept } from '../layers/gc.js';
import { compareLayers } from '../layers/compare-layers.js';
import { closeLayer, deleteLayers, mountForEditing, mountForReading, unmountEdit, usersOf } from '../layers/edit.js';
import { allLayers, chainOf, findLayer, newLayer } from '../layers/layers.js';
import { repair as repairStore, troublesIn } from '../layers/repair.js';
import { sealLayer } from '../layers/seal.js';
import { changing, readFormat, type Store } from '../layers/store.js';
import { emptyTrash } from '../layers/trash.js';
import { readable } from '../layers/tree-entry.js';
import { changeOf, verifyLayer, type Finding } from '../layers/verify.js';
import { UsageError } from '../host/failure.js';
import { runInTree, type HeldFlags } from './held-command.js';
import { withPrivateStore, withPublicStore, withStore, type StoreFlags } from './store-session.js';

export async function newOne(name: string, parent: string | undefined, flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const layer = await newLayer(store, { name, parent });
    if (flags.json) printJson({ name, ...(parent === undefined ? {} : { parent }), state: layer.state });
  });
}

export interface EditFlags extends StoreFlags, HeldFlags {
  readonly readOnly?: boolean;
}

export async function edit(name: string, words: readonly string[], flags: EditFlags): Promise<void> {
  const mount = flags.readOnly ? mountForReading : mountForEditing;
  if (words.length === 0) {
    const instead = `image-factory layer edit ${name} -- COMMAND`;
    return withPublicStore(flags, { what: `layer edit ${name}`, instead }, async (store) => {
      const mountPoint = await mount(store, name);
      if (flags.json) printJson({ name, mountPoint });
      else console.log(mountPoint);
    });
  }
  return withPrivateStore(flags, async (store) => {
    const tree = await mount(store, name);
    process.exitCode = await runInTree(words, { ...flags, tree, store: store.directory });
    await changing(store, () => unmountEdit(store, name));
  });
}

export async function close(name: string, flags: StoreFlags & { readonly seal?: boolean }): Promise<void> {
  await withStore(flags, async (store) => {
    const { contentId } = await closeLayer(store, name);
    if (flags.seal) await sealLayer(store, name);
    if (flags.json) printJson({ name, contentId, sealed: flags.seal ?? false });
    else console.log(contentId);
  });
}

export async function remove(names: readonly string[], flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    await deleteLayers(store, names);
    await emptyTrash(store);
    if (flags.json) printJson({ deleted: names });
  });
}

export async function show(name: string, flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const [layer, ...below] = await chainOf(store, name);
    const {
      parent,
      state,
      created,
      closed,
      contentId,
      origin,
      image,
      sealed = false,
      tree,
    } = layer ?? (await findLayer(store, name));
    const users = await usersOf(store, name);
    const { sizesOf } = await import('../layers/sizes.js');
    const size = (await sizesOf(store)).layers.get(name) ?? 0;
    const chain = below.map((each) => each.name);
    const shown = { name, state, sealed, parent, chain, created, closed, contentId, origin, size, tree, users };
    if (flags.json) return printJson({ ...shown, image });
    for (const [member, value] of Object.entries(shown)) {
      const text = Array.isArray(value) ? value.join(', ') : `${value ?? ''}`;
      if (text !== '') console.log(`${member}: ${text}`);
    }
    // JSON escapes what could change the terminal's state.
    if (image !== undefined) console.log(`image: ${JSON.stringify(image)}`);
  });
}

export async function diff(from: string, to: string | undefined, flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const letters = { added: 'A', removed: 'D', changed: 'M' };
    const [before, after] = to === undefined ? [(await findLayer(store, from)).parent, from] : [from, to];
    const all: object[] = [];
    for await (const difference of compareLayers(store, before, after)) {
      const path = readable(difference.path) || '.';
      const what = changeOf(difference);
      if (flags.json) all.push({ path, kind: difference.kind, what });
      else console.log(`${letters[difference.kind]} ${path}${difference.kind === 'changed' ? ` (${what})` : ''}`);
    }
    if (flags.json) printJson(all);
  });
}

export async function verify(names: readonly string[], flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const findings: Finding[] = [];
    const damaged = (layer: string) => findings.push({ layer, what: 'its record is missing or can not be read' });
    const layers =
      names.length > 0
        ? await Promise.all(names.map((name) => findLayer(store, name)))
        : await allLayers(store, damaged);
    for (const layer of layers) for await (const finding of verifyLayer(store, layer)) findings.push(finding);
    if (findings.length > 0) process.exitCode = 1;
    const verified = layers.filter(({ state }) => state === 'closed').map(({ name }) => name);
    if (flags.json) return printJson({ verified, findings });
    for (const { layer, path, what } of findings)
      console.log(`${layer}: ${path === undefined ? what : `${path}: ${what}`}`);
    if (findings.length === 0) console.log(`${verified.length} closed layers are as they were closed`);
  });
}

export async function repair(flags: StoreFlags & { readonly dryRun?: boolean }): Promise<void> {
  await withExistingStore(flags, async (store) => {
    const troubles = await (flags.dryRun ? troublesIn(store) : repairStore(store));
    const isWhole = troubles.every(({ remedy }) => remedy !== undefined);
    if (!isWhole || (flags.dryRun && troubles.length > 0)) process.exitCode = 1;
    if (flags.json) return printJson({ dryRun: flags.dryRun ?? false, troubles });
    for (const { path, what, remedy } of troubles) {
      const done = remedy === undefined ? 'left as it is' : flags.dryRun ? `would be ${remedy}` : remedy;
      console.log(`${path}: ${what}: ${done}`);
    }
    if (troubles.length === 0) console.log('nothing to repair');
  });
}

export async function gc(flags: StoreFlags & { readonly dryRun?: boolean; readonly keep?: string }): Promise<void> {
  const keep = flags.keep === undefined ? undefined : countOf(flags.keep);
  await withExistingStore(flags, async (store) => {
    const garbage = await (flags.dryRun ? garbageIn(store, keep) : collectGarbage(store, keep));
    if (flags.json) return printJson({ dryRun: flags.dryRun ?? false, garbage });
    for (const { path, what } of garbage) console.log(`${flags.dryRun ? 'would remove' : 'removed'} ${path}: ${what}`);
    if (garbage.length === 0) console.log('nothing to remove');
  });
}

function countOf(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= fewestKept) return count;
  throw new UsageError([
    `--keep ${text}: expected a number from ${fewestKept} on: the current instance and the one before it always stay`,
  ]);
}

/** A store that does not exist has nothing to repair or remove, and is not made for it. */
async function withExistingStore(flags: StoreFlags, action: (store: Store) => Promise<void>): Promise<void> {
  await withStore(flags, async (store) => {
    if ((await readFormat(store)) !== undefined) return action(store);
    if (flags.json) printJson({ dryRun: false, troubles: [], garbage: [] });
    else console.log(`there is no store in ${store.directory}`);
  });
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, undefined, 2));
}
