import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeDocument } from '../../artifacts/write.js';
import { bootTest as boot, type BootTest } from '../../boot/boot-test.js';
import { makeBundles, type Proof } from '../../bundles/make-bundles.js';
import { withBundles, type BundleRecord } from '../../bundles/record.js';
import { diskSource, timeOf } from '../../bundles/source.js';
import { isOfDisk, programsFor } from '../../bundles/writers.js';
import { inspectImage } from '../../disk/image-file.js';
import { Failure } from '../../host/failure.js';
import { follow, type Host } from '../../host/host.js';
import { makeDirectory } from '../../host/make-directory.js';
import { Libvirt } from '../../machine/libvirt.js';
import { maskFile } from '../../report/masked-file.js';
import { bootFirmwares } from '../boot-firmwares.js';
import type { BuildState, Plan } from '../build.js';
import { stage, type StageHost } from '../stage.js';
import { bootTestOf } from './boot-test.js';

/** Writes the finished image for the platforms that the section names. */
export const bundle = stage({
  name: 'bundle',
  title: 'Bundling',
  reads: ['image'],
  leaves: ['bundles'],
  wants: (plan) => {
    const { spec, paths } = plan;
    if (spec.targets.length === 0) return undefined;
    return {
      ...{ targets: spec.targets, test: spec.bundleTest, boot: bootOf(plan), size: spec.imageSize },
      ...{ image: spec.name, base: spec.baseName, epoch: plan.sourceDate },
      ...{ outputDir: paths.outputDir, directory: paths.bundleDir, document: paths.bundles, file: paths.image },
      workDir: paths.workDir,
      storeDir: spec.storeDir,
    };
  },
  programs: ({ targets }) => targets.flatMap(({ format, subformat }) => programsFor(format, subformat)),
  // At worst no bundle is smaller than the disk, and there is a raw copy of it.
  space: ({ targets, outputDir, directory, size }) => [
    { what: 'the bundles', directory: outputDir, least: 0, most: size * targets.length },
    { what: 'the disk while it is bundled', directory, least: 0, most: size },
  ],
  inputs: ({ targets, test }) => [targets, test],
  async run(host, want, { image, bootWays, node }) {
    const { targets, directory, document, file, workDir } = want;
    makeDirectory(directory, { mode: 0o711 });
    const ofDisk = targets.filter(({ format }) => isOfDisk(format));
    const disks = ofDisk.length === 0 ? [] : await bundleDisk(host, want, ofDisk, bootWays);
    // The tree of a derived image is there already, with a layer for each of its parents.
    const from = [node === undefined ? file : `layer:${node.layer}`, '--store-dir', want.storeDir];
    const ofFiles = targets.filter((target) => !ofDisk.includes(target));
    const trees = await bundleFiles(host, want, from, ofFiles);
    const bundles = targets.flatMap(({ name }) => [...disks, ...trees].filter(({ target }) => target === name));
    const made = { image: want.image, source: { name: image.name, sha256: image.sha256 } };
    await writeDocument(host, { workDir }, document, withBundles(undefined, made, bundles));
    return { bundles };
  },
});

async function bundleDisk(
  host: StageHost,
  want: Wanted,
  targets: Plan['spec']['targets'],
  bootWays: BuildState['bootWays'],
): Promise<readonly BundleRecord[]> {
  const { directory, file, base, image, outputDir } = want;
  const epoch = want.epoch === undefined ? undefined : Math.floor(want.epoch / 1000);
  const scratch = join(directory, 'scratch');
  makeDirectory(scratch, { mode: 0o711 });
  const source = diskSource(host, await inspectImage(host, file), scratch);
  const bundling = {
    ...{ targets, image, base, outputDir, epoch },
    imageFile: file,
    workDir: join(directory, 'made'),
    time: await timeOf(file, epoch),
    proof: proofOf(host, want, bootWays),
  };
  const none = () => Promise.reject(new Error('no files are bundled here'));
  return makeBundles(host, bundling, { disk: () => Promise.resolve(source), tree: none });
}

interface Wanted {
  readonly image: string;
  /** The finished image. */
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly epoch: number | undefined;
  readonly targets: Plan['spec']['targets'];
  readonly test: Plan['spec']['bundleTest'];
  readonly boot:
    { readonly test: BootTest; readonly asked: Plan['spec']['bootTestFirmware']; readonly connect: string } | undefined;
  readonly base: string;
  readonly outputDir: string;
  readonly directory: string;
}

/** Milliseconds that the program which reads files has to remove what it has made of them. */
const givingBack = 60_000;

/**
 * Bundles of files are made by this program itself, started again: what an ordinary user's files belong to is only seen in a
 * user namespace, which a process can't enter later.
 */
async function bundleFiles(
  host: Host,
  { base, outputDir, directory, file }: Wanted,
  from: readonly string[],
  targets: Plan['spec']['targets'],
): Promise<readonly BundleRecord[]> {
  if (targets.length === 0) return [];
  const list = join(directory, 'targets.json');
  await writeFile(list, JSON.stringify(targets));
  const [program = ''] = process.argv.slice(1);
  const names = ['--as', base, '--image-file', file];
  const places = ['--output-dir', outputDir, '--work-dir', join(directory, 'files')];
  const flags = ['--targets-file', list, ...names, ...places, '--force', '--json'];
  let text = '';
  let isResult = false;
  const called = { file: process.execPath, args: [...process.execArgv, program, 'bundle', ...from, ...flags] };
  const told = (line: string) => {
    // What it logs may come after the result, or between its lines.
    const [, logged] = /^image-factory: (.*)/.exec(line) ?? [];
    if (line === '{') isResult = true;
    if (isResult && logged === undefined) text += `${line}\n`;
    else if (line !== '') host.log.info(logged ?? line);
    if (line === '}') isResult = false;
  };
  // It gives back what it took.
  await follow(host, called, told, { killAfter: givingBack });
  return (JSON.parse(text) as { bundles: BundleRecord[] }).bundles;
}

function bootOf(plan: Plan): Wanted['boot'] {
  const test = bootTestOf(plan);
  return test && { test, asked: plan.spec.bootTestFirmware, connect: plan.spec.connect };
}

function proofOf(host: StageHost, { test, boot: wanted, directory }: Wanted, ways: BuildState['bootWays']): Proof {
  if (test !== 'boot' || wanted === undefined) return { kind: test === 'off' ? 'off' : 'compare' };
  return {
    kind: 'boot',
    async boot({ target, path, format }) {
      const { machine } = wanted.test;
      const { architecture, firmware } = machine.hardware;
      // One firmware tells whether QEMU starts what is in the file; the image itself was started with all of them.
      const [first = firmware] = bootFirmwares(wanted.asked, architecture, firmware, ways);
      const consoleLog = join(directory, `${basename(path)}.boot.log`);
      const tested: BootTest = {
        ...wanted.test,
        machine: { ...machine, hardware: { ...machine.hardware, firmware: first }, consoleLog },
        ...{ image: path, format, screenshot: join(directory, `${basename(path)}.png`) },
      };
      host.log.info(`Booting the bundle ${target.name}`);
      try {
        const seen = await boot(host, new Libvirt(host, wanted.connect), tested);
        host.log.info(`The bundle ${target.name} boots: ${seen}`);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        throw new Failure(`it does not boot: ${error.message}`, { hint: error.hint, cause: error });
      } finally {
        await maskFile(host, consoleLog).catch(() => undefined);
      }
    },
  };
}
