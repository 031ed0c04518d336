import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { filesOfTarget } from '../config/bundle-files.js';
import { bundleFormats, type BundleFormat } from '../config/bundle-formats.js';
import type { BundleTarget } from '../config/bundle-target.js';
import { toldIfFull } from '../host/full-disk.js';
import { failureOf } from '../host/failure-of.js';
import { Failure, UsageError } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { compareDisk, withReadableBundle } from './proof.js';
import { asksOfSystem, judge } from './demands.js';
import { sidecars } from './disks/sidecars.js';
import { fileNameOf, type Epoch, type Made, type Making } from './making.js';
import { placeFile } from './place.js';
import type { BundleFile, BundleRecord } from './record.js';
import type { DiskSource, TreeSource } from './source.js';
import { diskWriters, isOfDisk, treeWriters } from './writers.js';

/** What bundles are made of, and where they go. */
export interface Bundling {
  readonly targets: readonly BundleTarget[];
  readonly image: string;
  readonly base: string;
  /** The image's file, absolute, which no bundle replaces; undefined where a layer is bundled that has none. */
  readonly imageFile: string | undefined;
  /** Where bundles get their places. Absolute. */
  readonly outputDir: string;
  /** Where they are written before; on any file system. It is made, and removed in the end. */
  readonly workDir: string;
  readonly epoch: Epoch;
  readonly time: number;
  /** How disks are proven before they get their names. */
  readonly proof: Proof;
}

/** `boot` starts the disk in a bundle: another room's, as it needs a virtual machine. */
export type Proof =
  | { readonly kind: 'off' | 'compare' }
  | { readonly kind: 'boot'; readonly boot: (disk: BootableDisk) => Promise<void> };

/** A disk that can be started. */
export interface BootableDisk {
  readonly target: BundleTarget;
  readonly path: string;
  /** As qemu-img calls it. */
  readonly format: string;
}

/** The source of each kind of bundle. Each is asked for only if a target needs it. */
export interface Sources {
  disk(): Promise<DiskSource>;
  tree(): Promise<TreeSource>;
}

/**
 * Makes bundles. All demands are judged before the first is written; each bundle appears under its name when it is whole,
 * proven, and has its checksum.
 *
 * @throws UsageError with every demand that the system does not meet
 */
export async function makeBundles(host: Host, bundling: Bundling, sources: Sources): Promise<BundleRecord[]> {
  const { targets } = bundling;
  const kindOf = ({ format }: BundleTarget) => (isOfDisk(format) ? ('disk' as const) : ('tree' as const));
  await expectSuited(host, bundling, sources);
  const made: BundleRecord[] = [];
  for (const target of targets) {
    host.signal.throwIfAborted();
    const directory = join(bundling.workDir, target.name.replaceAll(/[^\w.+-]/g, '_'));
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o711 });
    const remove = host.release.hold(`the unfinished ${directory}`, () =>
      rm(directory, { recursive: true, force: true }),
    );
    const source = kindOf(target) === 'disk' ? await sources.disk() : await sources.tree();
    const making: Making = { ...bundling, host, target, directory, facts: () => source.facts() };
    try {
      made.push(await makeOne(host, making, source, bundling));
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      const hint = failure.hint ?? (await toldIfFull(directory));
      throw new Failure(`bundle ${target.name}: ${failure.message}`, { hint, cause: error });
    } finally {
      await remove();
    }
  }
  await rm(bundling.workDir, { recursive: true, force: true });
  return made;
}

async function makeOne(
  host: Host,
  making: Making,
  source: DiskSource | TreeSource,
  { outputDir, proof, imageFile }: Bundling,
): Promise<BundleRecord> {
  const { target, directory } = making;
  const format: BundleFormat = bundleFormats[target.format];
  const common = {
    target: target.name,
    format: target.format,
    ...(target.subformat === undefined ? {} : { subformat: target.subformat }),
    ...(format.irreproducible === undefined ? {} : { irreproducible: format.irreproducible }),
  };
  const first = resolve(outputDir, await fileNameOf(making));
  if (first === imageFile) {
    if (source.kind === 'tree' && target.omit.length > 0) {
      throw new Failure(`${imageFile} is the image itself, and has what the target leaves out`, {
        hint: `Give the target an 'extension' of its own.`,
      });
    }
    host.log.info(`${imageFile} is what the target '${target.name}' would make: it stays as it is`);
    return { ...common, files: [] };
  }
  const result: Made =
    source.kind === 'disk' && isOfDisk(target.format)
      ? await diskWriters[target.format](making, source)
      : await treeWriters[target.format as keyof typeof treeWriters](making, source as TreeSource);
  const proven = source.kind === 'disk' ? await prove(host, making, source, result, proof) : undefined;
  const names = [...result.files];
  if (target.sidecar !== undefined && source.kind === 'disk') {
    names.push(await sidecars[target.sidecar](making, source, names[0] ?? ''));
  }
  const known = filesOfTarget(names[0] ?? '', target);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`the target '${target.name}' made ${unknown.join(', ')}, which no list has`);
  const files: BundleFile[] = [];
  for (const name of names) files.push(await placeFile(host, join(directory, name), outputDir));
  const { omitted = [], disk } = result;
  return {
    ...common,
    files,
    ...(omitted.length > 0 ? { omitted } : {}),
    ...(proven === undefined ? {} : { proven }),
    ...(disk === undefined ? {} : { disk }),
  };
}

/** @returns how the disk was proven; undefined where QEMU can't read it, or it is not asked for */
async function prove(
  host: Host,
  making: Making,
  source: DiskSource,
  { disk }: Made,
  proof: Proof,
): Promise<BundleRecord['proven']> {
  if (proof.kind === 'off' || disk === undefined) return undefined;
  return withReadableBundle(host, making.directory, disk, async (path) => {
    await compareDisk(host, { path, format: disk.format }, await source.grown(making.target.align));
    if (!('boot' in proof)) return 'compared';
    await proof.boot({ target: making.target, path, format: disk.format });
    return 'booted';
  });
}

async function expectSuited(host: Host, { targets }: Bundling, sources: Sources): Promise<void> {
  const errors: string[] = [];
  for (const kind of ['disk', 'tree'] as const) {
    const asking = targets.filter((target) => isOfDisk(target.format) === (kind === 'disk') && asksOfSystem(target));
    if (asking.length === 0) continue;
    const facts = await (kind === 'disk' ? await sources.disk() : await sources.tree()).facts();
    const judged = judge(asking, facts, kind);
    errors.push(...judged.errors);
    if (errors.length === 0) judged.warnings.forEach((warning) => host.log.warn(warning));
  }
  if (errors.length > 0) throw new UsageError(errors);
}
