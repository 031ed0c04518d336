import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { nearestWord } from '../config/suggestion.js';
import { Failure, UnknownName } from '../host/failure.js';
import { makeHeldDirectory } from '../host/directory-lock.js';
import type { ImageSettings } from './image-settings.js';
import { makeChanges } from './upper-directory.js';
import { freeze } from './freeze.js';
import type { KnownContent } from './manifest.js';
import { layerName } from './names.js';
import { readRecord, syncDirectory, writeRecord } from './record.js';
import { allIn, changing, expectMade, namesIn, removeTrees, within, type Store } from './store.js';

/** What `layer.json` says. */
export interface LayerRecord {
  /** Its short name in `l/`. */
  readonly number: number;
  /** The layer below it. */
  readonly parent?: string;
  /** An open layer can be edited; a closed one never changes. */
  readonly state: 'open' | 'closed';
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly closed?: string;
  /** Of its tree: SHA-256 of the manifest, in hexadecimal. */
  readonly contentId?: string;
  /** Where its tree comes from, for people: `import of base.tar.zst`. */
  readonly origin?: string;
  /** The SHA-256 of the archive that it was unpacked from, as OCI images name their layers. */
  readonly diffId?: string;
  /** What the container image says whose topmost layer it is. */
  readonly image?: ImageSettings;
  /** Its files have fs-verity: they can't be written to any more. */
  readonly sealed?: boolean;
}

export interface Layer extends LayerRecord {
  readonly name: string;
  /** What the layer adds to its parent, with whiteouts as overlayfs makes them in the store's dialect. */
  readonly tree: string;
}

/** @throws UnknownName with the nearest layer, if there is none of that name; Failure if its record is damaged */
export async function findLayer(store: Store, name: string): Promise<Layer> {
  const record = await readRecord<LayerRecord>(within(store, 'layers', layerName(name), 'layer.json'));
  if (record !== undefined) return { ...record, name, tree: within(store, 'layers', name, 'tree') };
  const nearest = nearestWord(name, await namesIn(within(store, 'layers')));
  throw new UnknownName(`there is no layer '${name}'`, {
    hint: nearest === undefined ? "'image-factory layer list' shows all layers." : `Did you mean '${nearest}'?`,
  });
}

/** All layers, by name. A damaged one stops nothing else: it is told to `damaged`. */
export async function allLayers(store: Store, damaged: (name: string) => void = () => undefined): Promise<Layer[]> {
  return allIn(within(store, 'layers'), (name) => findLayer(store, name), damaged);
}

/** A layer and all below it, the layer itself first. @throws UnknownName if there is none of that name; Failure if one below it is missing */
export async function chainOf(store: Store, name: string): Promise<Layer[]> {
  const chain = [await findLayer(store, name)];
  for (let top = chain[0]; top?.parent !== undefined; top = chain.at(-1)) {
    if (chain.some((layer) => layer.name === top?.parent)) {
      throw new Failure(`layer '${top.name}': its line of parents is a circle`);
    }
    try {
      chain.push(await findLayer(store, top.parent));
    } catch (error) {
      throw new Failure(`layer '${top.name}': its parent '${top.parent}' is missing`, { cause: error });
    }
  }
  return chain;
}

/** What a container image says that a layer or the next one below it was imported from. @param chain the topmost first */
export function settingsIn(chain: readonly Layer[]): ImageSettings | undefined {
  return chain.find(({ image }) => image !== undefined)?.image;
}

/** What a new layer is to be. */
export interface NewLayer {
  readonly name: string;
  /** A closed layer. */
  readonly parent?: string | undefined;
  readonly origin?: string;
  readonly image?: ImageSettings | undefined;
}

/** Makes an empty layer that can be edited. */
export async function newLayer(store: Store, wanted: NewLayer): Promise<Layer> {
  await expectPossible(store, wanted);
  const model = wanted.parent === undefined ? undefined : (await findLayer(store, wanted.parent)).tree;
  return staged(store, model, (stage) => commit(store, stage, wanted, { state: 'open' }));
}

/**
 * Makes a closed layer. Nothing of it is in the store until it is whole.
 *
 * @param wanted.fill puts the content into an empty directory, which becomes the layer's tree
 */
export async function addLayer(store: Store, wanted: FilledLayer): Promise<Layer> {
  await expectPossible(store, wanted);
  return filled(store, wanted, (stage, rest) => commit(store, stage, wanted, rest));
}

/** As {@link addLayer}, but takes a closed layer over the same parent that has the same content, if there is one. */
export async function layerOfContent(store: Store, wanted: FilledLayer): Promise<Layer> {
  return filled(store, wanted, async (stage, rest) => {
    const same = await findSame(store, wanted.parent, ({ contentId }) => contentId === rest.contentId);
    return same ?? commit(store, stage, wanted, rest);
  });
}

export interface FilledLayer extends NewLayer {
  /** @returns the SHA-256 of the archive that it unpacked, if it did, and what it knows of the tree */
  readonly fill: (directory: string) => Promise<{ readonly diffId?: string } | KnownContent | void>;
}

/** A closed layer over a parent (undefined: over nothing) that is as wanted. */
export async function findSame(
  store: Store,
  parent: string | undefined,
  isWanted: (layer: Layer) => boolean,
): Promise<Layer | undefined> {
  const layers = await allLayers(store);
  return layers.find((layer) => layer.state === 'closed' && layer.parent === parent && isWanted(layer));
}

async function filled(
  store: Store,
  wanted: FilledLayer,
  take: (stage: string, rest: Made) => Promise<Layer>,
): Promise<Layer> {
  return staged(store, undefined, async (stage) => {
    const tree = join(stage, 'tree');
    const made: { diffId?: string } & Partial<KnownContent> = (await wanted.fill(tree)) ?? {};
    const { diffId, files } = made;
    const known = files && { files, hasAttributes: made.hasAttributes ?? true };
    // Nothing will be written to it.
    await rmdir(join(stage, 'work'));
    const contentId = await freeze(store, stage, wanted.name, known);
    const closed = new Date().toISOString();
    return take(stage, { state: 'closed', closed, contentId, ...(diffId !== undefined && { diffId }) });
  });
}

type Made = Pick<LayerRecord, 'state' | 'closed' | 'contentId' | 'diffId'>;

async function expectPossible(store: Store, { name, parent }: NewLayer): Promise<void> {
  if ((await namesIn(within(store, 'layers'))).includes(layerName(name))) {
    throw new Failure(`there is a layer '${name}' already`, {
      hint: `Choose another name, or delete it: image-factory layer delete ${name}`,
    });
  }
  if (parent !== undefined) await closedLayer(store, parent);
}

/** A layer that something can be built on. @throws Failure for an open one */
export async function closedLayer(store: Store, name: string): Promise<Layer> {
  const [top] = await chainOf(store, name);
  if (top?.state === 'closed') return top;
  throw new Failure(`layer '${name}' is open: it may still change, so nothing can be built on it`, {
    hint: `Close it first: image-factory layer close ${name}`,
  });
}

/** Runs an action on a directory of its own in `staging`. What the action did not rename is removed, also after a failure. */
async function staged<T>(store: Store, model: string | undefined, action: (stage: string) => Promise<T>): Promise<T> {
  return withStage(store, async (stage) => {
    await makeChanges(stage, 'tree', model);
    return action(stage);
  });
}

/** Runs an action on an empty directory in `staging`, which no other process removes meanwhile. */
export async function withStage<T>(store: Store, action: (stage: string) => Promise<T>): Promise<T> {
  const { stage, giveBack } = await takeStage(store);
  const result = await action(stage).catch(async (error: unknown) => {
    // What went wrong first is what counts. A directory that can't be removed yet is removed at the end, with all that is held.
    await giveBack().catch((further: unknown) => store.host.log.debug(String(further)));
    throw error;
  });
  await giveBack();
  return result;
}

/** Takes such a directory until it is given back, or everything is released. */
export async function takeStage(
  store: Store,
): Promise<{ readonly stage: string; readonly giveBack: () => Promise<void> }> {
  await expectMade(store);
  // While it is held, `repair` knows that the directory is in use.
  const { path: stage, letGo } = await makeHeldDirectory(store.host, 'the staging directory', async () => {
    const path = within(store, 'staging', randomBytes(8).toString('hex'));
    await mkdir(path, { mode: 0o700 });
    return path;
  });
  const remove = store.host.release.hold(`the staging directory ${stage}`, () => removeTrees(store, stage));
  return {
    stage,
    async giveBack() {
      await remove();
      await letGo();
    },
  };
}

/** Gives a staged layer its place, in one rename. */
async function commit(store: Store, stage: string, wanted: NewLayer, rest: Made): Promise<Layer> {
  await syncDirectory(join(stage, 'tree'));
  return changing(store, async () => {
    await expectPossible(store, wanted);
    const { name, parent, origin, image } = wanted;
    const number = await freeNumber(store);
    const record: LayerRecord = {
      number,
      ...(parent === undefined ? {} : { parent }),
      ...rest,
      created: new Date().toISOString(),
      ...(origin === undefined ? {} : { origin }),
      ...(image === undefined ? {} : { image }),
    };
    await writeRecord(join(stage, 'layer.json'), record);
    // A link without its layer is nothing but garbage; a layer without its link could not be mounted.
    await link(store, name, number);
    await rename(stage, within(store, 'layers', name));
    await syncDirectory(within(store, 'layers'));
    await syncDirectory(within(store, 'staging'));
    return { ...record, name, tree: within(store, 'layers', name, 'tree') };
  });
}

/** The content of the link in `l/` of a layer. */
export function linkTarget(name: string): string {
  return join('..', 'layers', name, 'tree');
}

async function link(store: Store, name: string, number: number): Promise<void> {
  await symlink(linkTarget(name), within(store, 'l', `${number}`));
  await syncDirectory(within(store, 'l'));
}

/** A number that no layer has. It removes the links that a crash left of layers that never came to be. */
async function freeNumber(store: Store): Promise<number> {
  const numbers: number[] = [0];
  for (const name of await namesIn(within(store, 'l'))) {
    const path = within(store, 'l', name);
    if (existsSync(path)) numbers.push(Number(name) || 0);
    else await rm(path);
  }
  return Math.max(...numbers) + 1;
}
