import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { baseNameOf } from '../artifacts/table.js';
import { treeOfFile, treeOfLayer } from '../bundles/capture.js';
import type { Sources } from '../bundles/make-bundles.js';
import { diskSource, type DiskSource, type TreeSource } from '../bundles/source.js';
import type { Configuration } from '../config/configuration.js';
import { didYouMean } from '../config/suggestion.js';
import type { Manifest } from '../contents/manifest.js';
import { inspectImage } from '../disk/image-file.js';
import { makeDisk } from '../disk/make/make-disk.js';
import { UsageError } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { recognise } from '../layers/import/recognise.js';
import { allLayers } from '../layers/layers.js';
import type { Store } from '../layers/store.js';
import { treeContentId } from '../nodes/record.js';
import { imageMeant } from '../packages/request.js';
import { briefLog } from './brief-log.js';
import { isImageName } from './image-names.js';
import { filesOf } from './built-images.js';
import type { BundleFlags } from './bundle-flags.js';
import { plannedLayout } from './disk.js';

/** What there is to bundle. */
export type Found =
  | { readonly kind: 'file'; readonly path: string; readonly name: string; readonly section: string | undefined }
  | { readonly kind: 'layer'; readonly name: string };

/** @throws UsageError for what can't be a file, an image or a layer */
export function whatIs(configuration: Configuration, source: string, flags: BundleFlags): Found {
  // A name that is also that of a file or of an image.
  if (source.startsWith('layer:')) return { kind: 'layer', name: source.slice('layer:'.length) };
  if (existsSync(source)) {
    const path = resolve(source);
    return { kind: 'file', path, name: imageOf(baseOf(path)), section: undefined };
  }
  if (isImageName(configuration, source)) {
    imageMeant(configuration, source);
    const newest = newestOf(source, flags);
    if (newest !== undefined) return { kind: 'file', path: resolve(newest.file), name: source, section: source };
  }
  if (source.includes('/')) throw new UsageError([`${source}: there is no such file`]);
  // Whether there is such a layer is seen when the store is open.
  return { kind: 'layer', name: source };
}

/** In the section's output directory, or in the one that is named. */
function newestOf(image: string, { config, outputDir }: BundleFlags): { readonly file: string } | undefined {
  const own = config === undefined ? {} : { config };
  try {
    return filesOf([image], own)[0];
  } catch (error) {
    if (!(error instanceof UsageError) || outputDir === undefined) throw error;
    return filesOf([image], { ...own, outputDir })[0];
  }
}

/** `debian-13-2026-11-26` of `/images/debian-13-2026-11-26.qcow2`. */
export function baseOf(path: string): string {
  return baseNameOf(basename(path));
}

/** The image's name, for machines and references. */
export const imageNamed = (found: Found, { as }: BundleFlags) => (as === undefined ? found.name : imageOf(as));

const imageOf = (base: string) => base.replace(/-\d{4}-\d{2}-\d{2}$/, '');

/** Whether it is a disk, and no archive, directory or container image. */
export async function isDisk(found: Found): Promise<boolean> {
  if (found.kind !== 'file' || statSync(found.path).isDirectory()) return false;
  const quiet = { log: briefLog({}), signal: new AbortController().signal };
  const { format } = await inspectImage(quiet, found.path);
  return format !== 'raw' || (await recognise(quiet, found.path)).kind === 'disk';
}

/** What there is, and where to look for it. */
export interface AskedSource {
  readonly found: Found;
  readonly configuration: Configuration;
  readonly flags: BundleFlags;
  /** Undefined where only a disk is asked for. */
  readonly store: Store | undefined;
}

/** @throws UsageError where the store has no such layer, with the nearest image or layer */
export async function expectLayer({ found, store, configuration }: AskedSource): Promise<void> {
  if (store === undefined) return;
  const layers = (await allLayers(store)).map(({ name }) => name);
  if (layers.includes(found.name)) return;
  const known = [...layers, ...configuration.imageNames()];
  throw new UsageError([`${found.name}: there is no such file, image or layer${didYouMean(found.name, known)}`]);
}

/** The disk and the files of what there is, each found when it is first asked for. */
export function sourcesOf(
  host: Host,
  { found, flags, store }: AskedSource,
  { scratch, epoch }: { readonly scratch: string; readonly epoch: number | undefined },
): Sources {
  let disk: Promise<DiskSource> | undefined;
  let tree: Promise<TreeSource> | undefined;
  const treeOf = async () => {
    if (store === undefined) throw new Error('files without a store');
    const name = imageNamed(found, flags);
    if (found.kind === 'layer') return treeOfLayer(store, found.name, name);
    const layer = await layerOfImage(store, found.path);
    return layer === undefined ? treeOfFile(store, found.path, name) : treeOfLayer(store, layer, name);
  };
  const sources: Sources = {
    tree: () => (tree ??= treeOf()),
    disk: () => (disk ??= findDisk()),
  };
  const findDisk = async () => {
    if (await isDisk(found))
      return diskSource(host, await inspectImage(host, (found as { path: string }).path), scratch);
    if (flags.layout === undefined) {
      throw new UsageError([
        `${found.name}: files become a disk by a layout: add --layout NAME, such as --layout hybrid, and --size SIZE`,
      ]);
    }
    const layout = plannedLayout(flags, host.log);
    const { merged } = await sources.tree();
    const output = join(scratch, `${found.name}.raw`);
    const { bootLoader } = flags;
    const wanted = { bootLoader, layout, tree: merged.directory, output, kernelWords: [], epoch };
    const [made = output] = await makeDisk(host, wanted);
    return diskSource(host, await inspectImage(host, made), scratch);
  };
  return sources;
}

/** The layer that an image was made of, as its manifest says, where the store still has it as it was. */
async function layerOfImage(store: Store, image: string): Promise<string | undefined> {
  try {
    const text = await readFile(join(dirname(image), `${baseOf(image)}.manifest.json`), 'utf8');
    const { file, derived, tree = derived } = JSON.parse(text) as Manifest;
    // A bundle of the image may have fewer files.
    if (tree === undefined || file.name !== basename(image)) return undefined;
    return (await treeContentId(store, tree.layer)) === tree.contentId ? tree.layer : undefined;
  } catch {
    return undefined;
  }
}
