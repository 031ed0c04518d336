import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeDisk } from '../disk/make/make-disk.js';
import type { ElementPlan } from '../elements/plan.js';
import { command, follow, run, type Host } from '../host/host.js';
import { holdScratchDirectory } from '../host/scratch-directory.js';
import { mountForReading, unmountEdit } from '../layers/edit.js';
import { exportLayer } from '../layers/export/export-layer.js';
import { changing, type Store } from '../layers/store.js';
import { diskLayout, type BlockDeviceText } from './block-device.js';
import { imageTypes, type DibRequest, type ImageType } from './request.js';

/** What becomes of a tree that elements made. */
export interface Outputs {
  readonly request: DibRequest;
  readonly plan: ElementPlan;
  readonly blockDevice: BlockDeviceText;
  /** A closed layer. */
  readonly layer: string;
}

type DiskType = Extract<(typeof imageTypes)[ImageType], { driver: string }>;

function isOfDisk(type: ImageType): boolean {
  return 'driver' in imageTypes[type];
}

/** Whether a build needs a disk: also for no type at all that names one, there is none. */
export function wantsDisk({ request, plan }: Pick<Outputs, 'request' | 'plan'>): boolean {
  return request.types.some(isOfDisk) && !plan.elements.some(({ name }) => name === 'no-final-image');
}

/**
 * Writes every type that was asked for. A file appears when it is whole; an older one of its name is renamed.
 *
 * @returns the files
 */
export async function writeOutputs(store: Store, outputs: Outputs): Promise<string[]> {
  const { request, layer } = outputs;
  const target = resolve(request.name);
  await mkdir(dirname(target), { recursive: true });
  const { path: work, remove } = await holdScratchDirectory(store.host, 'dib', dirname(target));
  const tree = await mountForReading(store, layer);
  const files: string[] = [];
  try {
    const disk = wantsDisk(outputs) ? await makeRawDisk(store.host, outputs, tree, join(work, 'disk')) : undefined;
    for (const type of request.types) {
      if (isOfDisk(type) && disk === undefined) continue;
      const file = `${target}.${imageTypes[type].suffix}`;
      const part = join(work, `part.${imageTypes[type].suffix}`);
      store.host.log.info(`Writing ${file}`);
      if (isOfDisk(type)) await convert(store.host, request, type, disk ?? '', part);
      else await exportTree(store, outputs, type, tree, part);
      await putAside(file, request);
      await rename(part, file);
      await writeSums(file, `${request.name}.${imageTypes[type].suffix}`, request);
      files.push(file);
    }
  } finally {
    await changing(store, () => unmountEdit(store, layer));
    await remove();
  }
  return files;
}

async function makeRawDisk(host: Host, outputs: Outputs, tree: string, output: string): Promise<string> {
  const { request, plan, blockDevice } = outputs;
  const { stdout } = await run(host, command('du', ['--summarize', '--one-file-system', '--block-size=1', '--', tree]));
  const layout = diskLayout(blockDevice, request, plan.elements, Number(stdout.split('\t')[0]), host.log);
  const boots = plan.elements.some(({ name }) => name === 'bootloader');
  const cmdline = request.environment.DIB_BOOTLOADER_DEFAULT_CMDLINE;
  const [file = output] = await makeDisk(host, {
    ...{ layout, tree, output, epoch: undefined },
    bootLoader: boots ? 'auto' : 'none',
    kernelWords: (cmdline ?? 'nofb nomodeset gfxpayload=text net.ifnames=1').split(' ').filter((word) => word !== ''),
  });
  return file;
}

async function convert(host: Host, request: DibRequest, type: ImageType, disk: string, to: string): Promise<void> {
  if (type === 'raw') return rename(disk, to);
  const { driver, ...rest } = imageTypes[type] as DiskType;
  const options = [...('options' in rest ? [rest.options] : []), ...(request.conversionOptions ?? '').split(',')]
    .filter((option) => option !== '')
    .join(',');
  const args = [
    ...['convert', '-f', 'raw', '-O', driver, '-m', '16'],
    ...(driver === 'qcow2' ? ['-W'] : []),
    ...(driver === 'qcow2' && request.isCompressed ? ['-c'] : []),
    ...(options === '' ? [] : ['-o', options]),
    ...[disk, to],
  ];
  await follow(host, command('qemu-img', args), (line) => host.log.debug(line));
}

async function exportTree(store: Store, outputs: Outputs, type: ImageType, tree: string, file: string): Promise<void> {
  const target = imageTypes[type];
  if (!('format' in target)) return;
  const { dockerTarget } = outputs.request;
  await exportLayer(store, {
    ...{ name: outputs.layer, file, format: target.format, compression: target.compression, epoch: undefined },
    // An image of containers has a layer for each layer; the others hold one tree.
    merged: type === 'docker' ? undefined : tree,
    ...(dockerTarget === undefined
      ? {}
      : { reference: dockerTarget.includes(':') ? dockerTarget : `${dockerTarget}:latest` }),
  });
}

/** `image-2026.01.31-23.59.59.qcow2`, with its sums: unless OVERWRITE_OLD_IMAGE says otherwise. */
async function putAside(file: string, { environment }: DibRequest): Promise<void> {
  if (!existsSync(file) || Number(environment.OVERWRITE_OLD_IMAGE ?? 0) !== 0) return;
  const now = new Date();
  const two = (number: number) => `${number}`.padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('.');
  const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join('.');
  const old = file.replace(/(\.[^.]*)$/, `-${day}-${time}$1`);
  for (const sum of ['', '.md5', '.sha256']) {
    if (existsSync(`${file}${sum}`)) await rename(`${file}${sum}`, `${old}${sum}`);
  }
}

/** As md5sum(1) and sha256sum(1) write them, with the path as it was given. */
async function writeSums(file: string, shown: string, { checksums }: DibRequest): Promise<void> {
  for (const kind of checksums) {
    const hash = createHash(kind);
    await pipeline(createReadStream(file), hash);
    await writeFile(`${file}.${kind}`, `${hash.digest('hex')}  ${shown}\n`);
  }
}
