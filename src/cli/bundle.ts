import { existsSync, mkdirSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseSums } from '../artifacts/checksum.js';
import { signatureOf } from '../artifacts/table.js';
import { writeDocument } from '../artifacts/write.js';
import { expectFree } from '../bundles/expect-free.js';
import { makeBundles, type Bundling, type Sources } from '../bundles/make-bundles.js';
import { readBundles, withBundles, type BundleRecord } from '../bundles/record.js';
import { timeOf } from '../bundles/source.js';
import { isOfDisk } from '../bundles/writers.js';
import type { BundleTarget } from '../config/bundle-target.js';
import type { Configuration } from '../config/configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { resolveTargets } from '../config/resolve-bundle.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { holdDirectory } from '../host/directory-lock.js';
import { checkSpace } from '../host/disk-space.js';
import { UsageError } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { ReleaseStack } from '../host/release-stack.js';
import { sourceDateEpoch } from '../host/source-date.js';
import type { Store } from '../layers/store.js';
import { sign } from '../publish/signature.js';
import { briefLog } from './brief-log.js';
import type { BundleFlags } from './bundle-flags.js';
import { listTargets } from './bundle-list.js';
import {
  baseOf,
  expectLayer,
  imageNamed,
  isDisk,
  sourcesOf,
  whatIs,
  type AskedSource,
  type Found,
} from './bundle-source.js';
import { loadConfiguration } from './configuration.js';
import { printJson } from './layer.js';
import { untilSignalled } from './signals.js';
import { withPrivateStore } from './store-session.js';

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
  if (needsStore) {
    const storeDir = flags.storeDir ?? specOf(found, configuration)?.storeDir;
    return withPrivateStore({ ...flags, ...(storeDir && { storeDir }) }, (store) => make(store.host, store));
  }
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

interface Asked extends AskedSource {
  readonly targets: readonly BundleTarget[];
}

async function bundleAll(host: Host, asked: Asked): Promise<readonly BundleRecord[]> {
  const { found, targets, flags } = asked;
  const epoch = sourceDateEpoch();
  if (found.kind === 'layer') await expectLayer(asked);
  const date = isoDate(epoch === undefined ? new Date() : new Date(epoch * 1000));
  const base = flags.as ?? (found.kind === 'file' ? baseOf(found.path) : `${found.name}-${date}`);
  const outputDir = resolve(flags.outputDir ?? (found.kind === 'file' ? dirname(found.path) : '.'));
  if (!existsSync(outputDir)) throw new UsageError([`${outputDir}: there is no such directory`]);
  if (!statSync(outputDir).isDirectory()) throw new UsageError([`${outputDir}: this is no directory`]);
  const imageFile = flags.imageFile ?? (found.kind === 'file' ? found.path : undefined);
  const places = { base, outputDir, imageFile };
  const isKnown = ({ fileName }: BundleTarget) => fileName === undefined;
  if (!flags.force) await expectFree({ ...places, targets: targets.filter(isKnown) }, unasked);
  const workDir = flags.workDir ?? join(outputDir, `.${base}.bundles`);
  await takeWorkDirectory(host, workDir);
  const sources = sourcesOf(host, asked, { scratch: join(workDir, 'scratch'), epoch });
  if (!flags.force) await expectFree({ ...places, targets: targets.filter((target) => !isKnown(target)) }, sources);
  const bundling: Bundling = {
    ...{ ...places, targets, epoch },
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

/** For targets whose files are named without a look at the system. */
const unasked: Sources = {
  disk: () => Promise.reject(new Error('the disk is not open yet')),
  tree: () => Promise.reject(new Error('the files are not open yet')),
};

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

/** Signs the checksums of the bundles of a section that has its image signed. */
async function signAll(
  host: Host,
  { found, configuration }: Asked,
  outputDir: string,
  records: readonly BundleRecord[],
): Promise<void> {
  const signing = specOf(found, configuration)?.signing;
  if (signing === undefined) return;
  for (const { name } of records.flatMap(({ files }) => files)) {
    const file = join(outputDir, `${name}.sha256sum`);
    await writeFile(signatureOf(file, signing.by), await sign(host, signing, await readFile(file, 'utf8')));
  }
}

/** The section of an image; undefined for a file or a layer without one. */
function specOf(found: Found, configuration: Configuration): ImageSpec | undefined {
  if (found.kind !== 'file' || found.section === undefined) return undefined;
  return resolveImage(configuration, found.section, {}, isoDate(new Date()));
}

async function record(
  host: Host,
  { workDir, outputDir, base }: { readonly workDir: string; readonly outputDir: string; readonly base: string },
  found: Found,
  made: readonly BundleRecord[],
): Promise<void> {
  const file = join(outputDir, `${base}.bundles.json`);
  const source = found.kind === 'file' ? await sourceOf(found.path) : { name: `layer ${found.name}` };
  const document = withBundles(await readBundles(file), { image: found.name, source }, made);
  await writeDocument(host, { workDir }, file, document);
}

/** As a build names it: with the sum that lies beside the image, so that bundles of the same image stay in one list. */
async function sourceOf(path: string): Promise<{ readonly name: string; readonly sha256?: string }> {
  const name = basename(path);
  const sums = parseSums(await readFile(`${path}.sha256sum`, 'utf8').catch(() => ''));
  const sha256 = sums?.get(name);
  return { name, ...(sha256 === undefined ? {} : { sha256 }) };
}

function tell(records: readonly BundleRecord[], flags: BundleFlags): void {
  if (flags.json) return printJson({ bundles: records });
  for (const { target, files, proven } of records) {
    const names = files.map(({ name }) => name).join(', ');
    console.log(`${target}: ${names || 'the image itself'}${proven === undefined ? '' : ` (${proven})`}`);
  }
}
