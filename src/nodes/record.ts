import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chainOf, type Layer } from '../layers/layers.js';
import { readRecord } from '../layers/record.js';
import { namesIn, within, type Store } from '../layers/store.js';

/** The version of what a node's id is made of: a later program with another one makes all nodes again. */
export const nodeFormat = 1;

/** What a node is made of: by what people call it, its text or the SHA-256 of its content. */
export type NodeInputs = Readonly<Record<string, string>>;

/** A built system: a layer of the store, and of what it was made. `node.json` says it. */
export interface NodeRecord {
  /** SHA-256 over the inputs. */
  readonly id: string;
  /** The image; of what was captured, what it was captured from. */
  readonly name: string;
  readonly inputs: NodeInputs;
  readonly layer: string;
  /** Of the whole tree: see {@link contentIdOf}. */
  readonly contentId: string;
  /** The node whose directory has the frame of the installed disk that the tree comes from. */
  readonly frame?: string;
  /** ISO 8601, UTC. */
  readonly made: string;
}

/** The id of a node: the same inputs give the same one, in whatever order they are named. */
export function nodeId(inputs: NodeInputs): string {
  const sorted = Object.entries(inputs).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([nodeFormat, sorted]))
    .digest('hex');
}

/** The content id of a layer with all below it: two trees that are the same layer by layer have the same one. */
export function contentIdOf(chain: readonly Pick<Layer, 'contentId'>[]): string {
  const ids = chain.map(({ contentId }) => contentId ?? '');
  return createHash('sha256').update(ids.join('\n')).digest('hex');
}

/** The content id of a closed layer of the store with all below it. */
export async function treeContentId(store: Store, layer: string): Promise<string> {
  return contentIdOf(await chainOf(store, layer));
}

export function nodeDirectory(storeDir: string, id: string): string {
  return join(storeDir, 'nodes', id);
}

/** The lock of a process that makes a node. */
export function lockOfNode(store: Store, id: string): string {
  return within(store, 'nodes', `.${id}.lock`);
}

/** Where a node is until it is whole. It belongs to the process that holds {@link lockOfNode}. */
export function unfinishedNode(store: Store, id: string): string {
  return within(store, 'nodes', `.${id}.new`);
}

/** @returns undefined if there is none, or its layer is gone */
export async function readNode(storeDir: string, id: string): Promise<NodeRecord | undefined> {
  const node = await readRecord<NodeRecord>(join(nodeDirectory(storeDir, id), 'node.json'));
  return node !== undefined && existsSync(join(storeDir, 'layers', node.layer, 'layer.json')) ? node : undefined;
}

/** The nodes of an image, the newest first. */
export async function nodesOf(storeDir: string, name: string): Promise<NodeRecord[]> {
  const nodes: NodeRecord[] = [];
  for (const id of await namesIn(join(storeDir, 'nodes'))) {
    if (!/^[0-9a-f]{64}$/.test(id)) continue;
    const node = await readNode(storeDir, id).catch(() => undefined);
    if (node?.name === name) nodes.push(node);
  }
  return nodes.toSorted((one, other) => (one.made < other.made ? 1 : -1));
}

/** What differs between the inputs of two nodes, as people call it. */
export function differingInputs(before: NodeInputs, now: NodeInputs): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names.flatMap((name) => {
    const [then, today] = [before[name], now[name]];
    if (then === today) return [];
    if (then === undefined) return [`${name} (new)`];
    return [today === undefined ? `${name} (gone)` : name];
  });
}
