import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isBootstrapped, isDerived, type DeriveSpec, type ImageSpec } from '../config/image-spec.js';
import { didYouMean } from '../config/suggestion.js';
import { systemFailure } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { diskFormatOf, splitReference } from '../layers/import/recognise.js';
import { inputsOf, sumOfSystem } from '../nodes/inputs.js';
import type { CaptureJob, ImportJob } from '../nodes/jobs.js';
import { knownSum } from '../nodes/known-sums.js';
import {
  contentIdOf,
  differingInputs,
  nodeId,
  nodesOf,
  readNode,
  type NodeInputs,
  type NodeRecord,
} from '../nodes/record.js';
import { bootstrappedOf } from './bootstrapped.js';
import { newestImage } from './newest-image.js';

/** What a child is built on: what is in the store, or how it comes there. */
export type ParentTree =
  | { readonly kind: 'node'; readonly layer: string; readonly contentId: string; readonly frame: string | undefined }
  | { readonly kind: 'job'; readonly job: CaptureJob | ImportJob }
  /** It must be built first. */
  | { readonly kind: 'unbuilt'; readonly image: string; readonly why: string };

/** How a derived image stands. */
export type Derivation =
  | { readonly state: 'fresh'; readonly node: NodeRecord; readonly inputs: NodeInputs }
  /** Its newest node was made of other inputs. */
  | { readonly state: 'stale'; readonly inputs: NodeInputs; readonly differing: readonly string[] }
  | { readonly state: 'not built'; readonly inputs: NodeInputs }
  /** What it is made of can't be told before its parent is there. */
  | { readonly state: 'waits'; readonly parent: ParentTree & { kind: 'job' | 'unbuilt' } };

/** The directory for sums and downloaded packages: beside the images' directories in the netboot cache. */
export function packageCacheOf({ cacheDir }: ImageSpec): string {
  return join(dirname(cacheDir), '.packages');
}

/** How a derived image stands, from what is in the store and in the files that it names. Changes nothing but known sums. */
export async function derivationOf(caller: Caller, spec: DeriveSpec): Promise<Derivation> {
  const parent = await parentTreeOf(caller, spec);
  if (parent.kind !== 'node') return { state: 'waits', parent };
  const inputs = await inputsOfImage(spec, parent.contentId);
  const store = spec.storeDir;
  const node = await readNode(store, nodeId(inputs));
  if (node !== undefined) return { state: 'fresh', node: inFrame(node, parent.frame), inputs };
  const [newest] = await nodesOf(store, spec.name);
  if (newest === undefined) return { state: 'not built', inputs };
  return { state: 'stale', inputs, differing: differingInputs(newest.inputs, inputs) };
}

export async function inputsOfImage(spec: DeriveSpec, parent: string): Promise<NodeInputs> {
  const { name, arch, golden, goldenExcept, origin } = spec;
  const repaired = golden === 'fix' ? goldenExcept : undefined;
  return inputsOf({ image: name, parent, arch: arch.debianName, goldenExcept: repaired }, origin.changes);
}

/** A node with the frame of this image's parent: another image with the same tree may have another one, or none. */
export function inFrame(node: NodeRecord, frame: string | undefined): NodeRecord {
  const own: Omit<NodeRecord, 'frame'> & { frame?: string } = { ...node };
  delete own.frame;
  return frame === undefined ? own : { ...own, frame };
}

/** What an image is derived from. @throws Failure for a layer that is not there, or not closed */
export async function parentTreeOf(caller: Caller, spec: DeriveSpec): Promise<ParentTree> {
  const { parent, parentImage } = spec.origin;
  const file = fileOf(parent);
  if (file !== undefined) return fileTree(caller, spec, file);
  if (parentImage === undefined) return layerTree(spec, parent);
  if (!isDerived(parentImage) && !isBootstrapped(parentImage)) return installedTree(caller, spec, parentImage);
  const derivation = isDerived(parentImage)
    ? await derivationOf(caller, parentImage)
    : await bootstrappedOf(parentImage);
  if (derivation.state === 'fresh') return ofNode(derivation.node);
  const why = derivation.state === 'stale' ? 'is stale' : 'is not built';
  return { kind: 'unbuilt', image: parentImage.name, why };
}

/** The newest tree that a parent has, however old: for --no-parents. */
export async function lastTreeOf(caller: Caller, spec: DeriveSpec): Promise<ParentTree> {
  const { parentImage } = spec.origin;
  if (parentImage === undefined || !(isDerived(parentImage) || isBootstrapped(parentImage))) {
    return parentTreeOf(caller, spec);
  }
  const [newest] = await nodesOf(spec.storeDir, parentImage.name);
  if (newest !== undefined) return ofNode(newest);
  return { kind: 'unbuilt', image: parentImage.name, why: 'is not built' };
}

function ofNode({ layer, contentId, frame }: NodeRecord): ParentTree {
  return { kind: 'node', layer, contentId, frame };
}

async function installedTree(caller: Caller, spec: DeriveSpec, parent: ImageSpec): Promise<ParentTree> {
  const file = newestImage(parent.outputDir, parent.name);
  if (file === undefined) return { kind: 'unbuilt', image: parent.name, why: 'is not built' };
  const inputs = { image: await sumOfParent(caller, spec, file) };
  const store = spec.storeDir;
  const node = await readNode(store, nodeId(inputs));
  if (node !== undefined) return ofNode(node);
  return {
    kind: 'job',
    job: {
      ...{ kind: 'capture', store, image: parent.name, inputs, file },
      sha256: writtenSum(file),
      rootPartition: parent.rootPartition,
    },
  };
}

/** The sum that was written when the image was finished. */
function writtenSum(file: string): string | undefined {
  try {
    return /^[0-9a-f]{64}(?= )/.exec(readFileSync(`${file}.sha256sum`, 'utf8'))?.[0];
  } catch {
    return undefined;
  }
}

/** Whether the file that an image is derived from is a disk, in whose frame a child fits. */
export async function hasParentDisk({ origin }: DeriveSpec): Promise<boolean> {
  const file = fileOf(origin.parent);
  // One that is not there is told before a build begins.
  if (file === undefined || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
  return (await diskFormatOf(file)) !== undefined;
}

const fileOf = (parent: string) => /^file:(.*)$/s.exec(parent)?.[1];

async function fileTree(caller: Caller, spec: DeriveSpec, file: string): Promise<ParentTree> {
  const { path } = splitReference(file);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new Failure(`${parentPlace(spec)} = file:${file}: there is no such file or directory`);
  }
  if (!stats.isFile() && !stats.isDirectory() && !stats.isBlockDevice()) {
    throw new Failure(`${parentPlace(spec)} = file:${file}: it is neither a file, a directory nor a disk`);
  }
  const sum = await sumOfParent(caller, spec, path).catch((error: unknown) => {
    const why = systemFailure(error);
    throw why === undefined ? error : new Failure(`${parentPlace(spec)} = file:${file}: ${why.message}`, why);
  });
  const inputs = { file: `${sum}${file.slice(path.length)}` };
  const store = spec.storeDir;
  const node = await readNode(store, nodeId(inputs));
  if (node !== undefined) return ofNode(node);
  return { kind: 'job', job: { kind: 'import', store, name: `file:${basename(path)}`, inputs, file } };
}

/** What one caller has asked already: hundreds of images may have one parent. */
const sums = new WeakMap<Caller, Map<string, Promise<string>>>();

/** The sum of a file or of a directory's tree. */
function sumOfParent(caller: Caller, spec: DeriveSpec, path: string): Promise<string> {
  const known = sums.get(caller) ?? new Map<string, Promise<string>>();
  sums.set(caller, known);
  const isDirectory = statSync(path).isDirectory();
  const sum = known.get(path) ?? (isDirectory ? sumOfSystem(path) : knownSum(caller, packageCacheOf(spec), path));
  known.set(path, sum);
  return sum;
}

function layerTree(spec: DeriveSpec, name: string): ParentTree {
  const store = spec.storeDir;
  const chain: { readonly contentId: string }[] = [];
  for (let next: string | undefined = name; next !== undefined;) {
    const layer = readLayer(store, next);
    if (layer === undefined) throw noParent(spec, name);
    if (layer.contentId === undefined) {
      throw new Failure(`${parentPlace(spec)} = ${name}: the layer '${next}' is open: it may still change`, {
        hint: `Close it: image-factory layer close ${next}`,
      });
    }
    chain.push({ contentId: layer.contentId });
    next = layer.parent;
  }
  return { kind: 'node', layer: name, contentId: contentIdOf(chain), frame: undefined };
}

function readLayer(store: string, name: string): { parent?: string; contentId?: string } | undefined {
  try {
    const text = readFileSync(join(store, 'layers', basename(name), 'layer.json'), 'utf8');
    return JSON.parse(text) as { parent?: string; contentId?: string };
  } catch {
    return undefined;
  }
}

function noParent(spec: DeriveSpec, parent: string): Failure {
  const { storeDir, origin } = spec;
  const layers = join(storeDir, 'layers');
  const known = [origin.nearestImage ?? [], existsSync(layers) ? readdirSync(layers) : []].flat();
  const near = didYouMean(parent, known);
  return new Failure(`${parentPlace(spec)} = ${parent}: there is no image and no layer of that name${near}`, {
    hint: "'image-factory list' shows the images, 'image-factory layer list' the layers; a file is written 'file:PATH'.",
  });
}

/** `my.conf:3: [web] parent` */
function parentPlace({ name, places }: DeriveSpec): string {
  return places['parent'] ?? `[${name}] parent`;
}
