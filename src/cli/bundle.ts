import { existsSync, mkdirSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { signatureOf } from '../artifacts/table.js';
import { writeDocument } from '../artifacts/write.js';
import { treeOfFile, treeOfLayer } from '../bundles/capture.js';
import { makeBundles, type Bundling, type Sources } from '../bundles/make-bundles.js';
import { readBundles, withBundles, type BundleRecord } from '../bundles/record.js';
import { diskSource, timeOf, type DiskSource, type TreeSource } from '../bundles/source.js';
import { isOfDisk } from '../bundles/writers.js';
import type { BundleTarget } from '../config/bundle-target.js';
import type { Configuration } from '../config/configuration.js';
import type { Signing } from '../config/image-spec.js';
import { resolveTarget, resolveTargets, targetNames } from '../config/resolve-bundle.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { didYouMean } from '../config/suggestion.js';
import { makeDisk } from '../disk/make/make-disk.js';
import { inspectImage } from '../disk/image-file.js';
import { holdDirectory } from '../host/directory-lock.js';
import { checkSpace } from '../host/disk-space.js';
import { UsageError } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { ReleaseStack } from '../host/release-stack.js';
import { sourceDateEpoch } from '../host/source-date.js';
import { allLayers } from '../layers/layers.js';
import { recognise } from '../layers/import/recognise.js';
import type { Store } from '../layers/store.js';
import { sign } from '../publish/signature.js';
import { briefLog } from './brief-log.js';
import { filesOf } from './built-images.js';
import { loadConfiguration } from './configuration.js';
import { plannedLayout } from './disk.js';
import { printJson } from './layer.js';
import { untilSignalled } from './signals.js';
import { withPrivateStore, type StoreFlags } from './store-session.js';
import { columns } from './tables.js';

export interface BundleFlags extends StoreFlags {
  readonly list?: boolean;
  readonly outputDir?: string;
  readonly force?: boolean;
  readonly layout?: string;
  readonly size?: string;
  /** A file with targets, for a build that has resolved them. */
  readonly targetsFile?: string;
  /** The directory in which that build works. */
  readonly workDir?: string;
  /** What the names of that build's files begin with: `IMAGE-DATE`. */
  readonly as?: string;
}

/** Makes bundles of what is built: an image, a disk, a layer. */
export async function bundle(source: string | undefined, names: readonly string[], flags: BundleFlags): Promise<void> {
  const configuration = loadConfiguration(flags.config);
  if (flags.list) return listTargets(configuration, source, flags);
  if (source === undefined) {
    throw new UsageError([
      "bundle: expected an image, a file or a layer, and targets; 'bundle --list' lists the targets",
    ]);
  }
  const targets = await targetsOf(configuration, source, names, flags);
  const found = whatIs(configuration, source, flags);
  const needsStore =
    found.kind === 'layer' || targets.some(({ format }) => !isOfDisk(format)) || !(await isDisk(found));
  const make = async (host: Host, store: Store | undefined) => {
    const records = await bundleAll(host, { found, targets, configuration, flags, store });
    tell(records, flags);
  };
  if (needsStore) return withPrivateStore(flags, (store) => make(store.host, store));
  const log = briefLog(flags);
  try {
    await untilSignalled(async (signal) => {
      const host = { log, signal, release: new ReleaseStack() };
      await host.release.after(log, () => make(host, undefined));
    });
  } finally {
    log.close();
  }
}

/** What there is to bundle. */
type Found =
  | { readonly kind: 'file'; readonly path: string; readonly name: string; readonly section: string | undefined }
  | { readonly kind: 'layer'; readonly name: string };

function whatIs(configuration: Configuration, source: string, flags: BundleFlags): Found {
  if (existsSync(source)) {
    const path = resolve(source);
    return { kind: 'file', path, name: imageOf(baseOf(path)), section: undefined };
  }
  if (configuration.imageNames().includes(source)) {
    const [newest] = filesOf(
      [source],
      flags.outputDir === undefined ? { ...flags } : { ...flags, outputDir: flags.outputDir },
    );
    if (newest !== undefined) return { kind: 'file', path: resolve(newest.file), name: source, section: source };
  }
  if (source.includes('/')) throw new UsageError([`${source}: there is no such file`]);
  // Whether there is such a layer is seen when the store is open.
  return { kind: 'layer', name: source };
}

/** `debian-13-2026-11-26` of `/images/debian-13-2026-11-26.qcow2`. */
function baseOf(path: string): string {
  return basename(path).replace(/(?<=.)(?:\.tar)?\.[A-Za-z][A-Za-z0-9]*$/, '');
}

const imageNamed = (found: Found, { as }: BundleFlags) => (as === undefined ? found.name : imageOf(as));

const imageOf = (base: string) => base.replace(/-\d{4}-\d{2}-\d{2}$/, '');

async function isDisk(found: Found): Promise<boolean> {
  if (found.kind !== 'file' || statSync(found.path).isDirectory()) return false;
  const quiet = { log: briefLog({}), signal: new AbortController().signal };
  const { format } = await inspectImage(quiet, found.path);
  return format !== 'raw' || (await recognise(quiet, found.path)).kind === 'disk';
}

async function targetsOf(
  configuration: Configuration,
  source: string,
  names: readonly string[],
  { targetsFile }: BundleFlags,
): Promise<readonly BundleTarget[]> {
  if (targetsFile !== undefined) return JSON.parse(await readFile(targetsFile, 'utf8')) as BundleTarget[];
  if (names.length === 0) {
    throw new UsageError([`bundle ${source}: for which targets? 'image-factory bundle --list' lists them`]);
  }
  const { targets, problems } = resolveTargets(
    configuration,
    names.flatMap((name) => name.split(',').filter(Boolean)),
    'bundle',
  );
  if (problems.length > 0)
    throw new UsageError(problems.map((problem) => problem.replace(/^bundle: (?=there is no)/, '')));
  return targets;
}

interface Asked {
  readonly found: Found;
  readonly targets: readonly BundleTarget[];
  readonly configuration: Configuration;
  readonly flags: BundleFlags;
  readonly store: Store | undefined;
}

async function bundleAll(host: Host, asked: Asked): Promise<readonly BundleRecord[]> {
  const { found, targets, flags } = asked;
  const epoch = sourceDateEpoch();
  if (found.kind === 'layer') await expectLayer(asked);
  const date = isoDate(epoch === undefined ? new Date() : new Date(epoch * 1000));
  const base = flags.as ?? (found.kind === 'file' ? baseOf(found.path) : `${found.name}-${date}`);
  const outputDir = resolve(flags.outputDir ?? (found.kind === 'file' ? dirname(found.path) : '.'));
  if (!existsSync(outputDir)) throw new UsageError([`${outputDir}: there is no such directory`]);
  if (!flags.force) expectNothingThere(targets, { base, outputDir, source: found.kind === 'file' ? found.path : '' });
  const workDir = flags.workDir ?? join(outputDir, `.${base}.bundles`);
  await takeWorkDirectory(host, workDir);
  const sources = sourcesOf(host, asked, { scratch: join(workDir, 'scratch'), epoch });
  const bundling: Bundling = {
    ...{ targets, base, outputDir, epoch },
    image: imageNamed(found, flags),
    workDir: join(workDir, 'made'),
    time: found.kind === 'file' ? await timeOf(found.path, epoch) : (epoch ?? Math.floor(Date.now() / 1000)),
    proof: { kind: 'compare' },
  };
  await expectSpace(host, targets, outputDir, sources);
  const made = await makeBundles(host, bundling, sources);
  if (flags.targetsFile === undefined) {
    await signAll(host, asked, outputDir, made);
    await record(host, { workDir, outputDir, base }, found, made);
  }
  return made;
}

async function expectLayer({ found, store, configuration }: Asked): Promise<void> {
  if (store === undefined) return;
  const layers = (await allLayers(store)).map(({ name }) => name);
  if (layers.includes(found.name)) return;
  const known = [...layers, ...configuration.imageNames()];
  throw new UsageError([`${found.name}: there is no such file, image or layer${didYouMean(found.name, known)}`]);
}

function expectNothingThere(
  targets: readonly BundleTarget[],
  { base, outputDir, source }: { readonly base: string; readonly outputDir: string; readonly source: string },
): void {
  const there = targets.flatMap(({ fileName, extension }) => {
    const file = join(outputDir, `${base}.${extension}`);
    return fileName === undefined && file !== source && existsSync(file) ? [file] : [];
  });
  if (there.length > 0) {
    throw new UsageError(there.map((file) => `${file}: it is there already; --force replaces it`));
  }
}

/** Takes the directory in which bundles are made; what an earlier process left in it is removed. */
async function takeWorkDirectory(host: Host, workDir: string): Promise<void> {
  mkdirSync(workDir, { recursive: true, mode: 0o711 });
  host.release.hold(`the directory ${workDir}`, () => rm(workDir, { recursive: true, force: true }));
  await holdDirectory(host, workDir, `${workDir}, where bundles are made,`);
  for (const part of ['scratch', 'made']) await rm(join(workDir, part), { recursive: true, force: true });
  mkdirSync(join(workDir, 'scratch'));
}

/** At worst nothing can be compressed. */
async function expectSpace(
  host: Host,
  targets: readonly BundleTarget[],
  directory: string,
  sources: Sources,
): Promise<void> {
  const disks = targets.filter(({ format }) => isOfDisk(format));
  if (disks.length === 0) return;
  const { image } = await sources.disk();
  const most = image.size * (disks.length + 1);
  await checkSpace(host.log, [{ what: 'the bundles', directory, least: 0, most }]);
}

function sourcesOf(
  host: Host,
  { found, flags, store }: Asked,
  { scratch, epoch }: { readonly scratch: string; readonly epoch: number | undefined },
): Sources {
  let disk: Promise<DiskSource> | undefined;
  let tree: Promise<TreeSource> | undefined;
  const treeOf = () => {
    if (store === undefined) throw new Error('files without a store');
    const name = imageNamed(found, flags);
    return found.kind === 'layer' ? treeOfLayer(store, found.name, name) : treeOfFile(store, found.path, name);
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
    const wanted = { layout, tree: merged.directory, output, bootLoader: 'auto', kernelWords: [], epoch } as const;
    const [made = output] = await makeDisk(host, wanted);
    return diskSource(host, await inspectImage(host, made), scratch);
  };
  return sources;
}

/** Signs the checksums of the bundles of a section that has its image signed. */
async function signAll(
  host: Host,
  { found, configuration }: Asked,
  outputDir: string,
  records: readonly BundleRecord[],
): Promise<void> {
  const signing = signingOf(found, configuration);
  if (signing === undefined) return;
  for (const { name } of records.flatMap(({ files }) => files)) {
    const file = join(outputDir, `${name}.sha256sum`);
    await writeFile(signatureOf(file, signing.by), await sign(host, signing, await readFile(file, 'utf8')));
  }
}

function signingOf(found: Found, configuration: Configuration): Signing | undefined {
  if (found.kind !== 'file' || found.section === undefined) return undefined;
  return resolveImage(configuration, found.section, {}, isoDate(new Date())).signing;
}

async function record(
  host: Host,
  { workDir, outputDir, base }: { readonly workDir: string; readonly outputDir: string; readonly base: string },
  found: Found,
  made: readonly BundleRecord[],
): Promise<void> {
  const file = join(outputDir, `${base}.bundles.json`);
  const name = found.kind === 'file' ? basename(found.path) : `layer ${found.name}`;
  const document = withBundles(await readBundles(file), { image: found.name, source: { name } }, made);
  await writeDocument(host, { workDir }, file, document);
}

function tell(records: readonly BundleRecord[], flags: BundleFlags): void {
  if (flags.json) return printJson({ bundles: records });
  for (const { target, files, proven } of records) {
    const names = files.map(({ name }) => name).join(', ');
    console.log(`${target}: ${names || 'the image itself'}${proven === undefined ? '' : ` (${proven})`}`);
  }
}

function listTargets(configuration: Configuration, word: string | undefined, { json }: BundleFlags): void {
  if (word !== undefined) throw new UsageError([`bundle --list ${word}: it takes no further words`]);
  const problems: string[] = [];
  const targets = targetNames(configuration).flatMap((name) => {
    try {
      return [resolveTarget(configuration, name)];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new UsageError(problems);
  if (json) return printJson({ targets });
  const rows = targets.map(({ name, format, subformat, description }) => [
    name,
    subformat === undefined ? format : `${format}, ${subformat}`,
    description,
  ]);
  for (const line of columns([['TARGET', 'FORMAT', 'FOR'], ...rows])) console.log(line);
}
