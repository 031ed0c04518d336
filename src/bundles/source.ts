import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Epoch } from './making.js';
import { canBeReadInPlace, type ImageFile } from '../disk/image-file.js';
import { command, run, type Host } from '../host/host.js';
import type { ArchivedTree } from '../layers/export/layer-archive.js';
import type { ImageSettings } from '../layers/image-settings.js';
import type { Platform } from '../layers/export/platform.js';
import { factsOfDisk, factsOfTrees, type SystemFacts } from './facts.js';

/** The disk that bundles are made of. It is never written to. */
export interface DiskSource {
  readonly kind: 'disk';
  readonly image: ImageFile;
  /** A raw disk that can be read, made when it is first asked for. */
  raw(): Promise<string>;
  /** The same, with its size a multiple of `align` bytes, and the second header of a GPT at its end. */
  grown(align: number | undefined): Promise<GrownDisk>;
  facts(): Promise<SystemFacts>;
}

export interface GrownDisk {
  readonly path: string;
  readonly format: string;
  /** Bytes. */
  readonly size: number;
}

/** The files that bundles are made of. */
export interface TreeSource {
  readonly kind: 'tree';
  /** What it is called, for messages and references. */
  readonly name: string;
  /** The lowest first. */
  readonly layers: readonly ArchivedTree[];
  /** All of them in one directory. */
  readonly merged: ArchivedTree;
  readonly platform: Platform;
  /** What a container image says that they come from. */
  readonly settings: ImageSettings | undefined;
  facts(): Promise<SystemFacts>;
}

/**
 * @param scratch a directory for raw copies, removed by its owner
 */
export function diskSource(host: Host, image: ImageFile, scratch: string): DiskSource {
  let raw: Promise<string> | undefined;
  let facts: Promise<SystemFacts> | undefined;
  const grown = new Map<number, Promise<GrownDisk>>();
  const source: DiskSource = {
    kind: 'disk',
    image,
    raw: () => (raw ??= readableDisk(host, image, scratch)),
    grown(align) {
      const size = align === undefined ? image.size : Math.ceil(image.size / align) * align;
      if (size === image.size) return Promise.resolve({ path: image.path, format: image.format, size });
      const made = grown.get(size) ?? grow(host, source, join(scratch, `grown-${size}.raw`), size);
      grown.set(size, made);
      return made;
    },
    facts: () => (facts ??= source.raw().then((disk) => factsOfDisk(host, disk, join(scratch, 'facts')))),
  };
  return source;
}

async function readableDisk(host: Host, image: ImageFile, scratch: string): Promise<string> {
  if (image.format === 'raw' && (await canBeReadInPlace(host, image.path))) return image.path;
  const disk = join(scratch, 'disk.raw');
  host.log.progress({ text: 'Unpacking the disk' });
  await run(host, command('qemu-img', ['convert', '-f', image.format, '-O', 'raw', '-W', image.path, disk]));
  return disk;
}

/** https://uefi.org/specs/UEFI/2.10/05_GUID_Partition_Table_Format.html: the second header is in the last sector. */
async function grow(host: Host, source: DiskSource, to: string, size: number): Promise<GrownDisk> {
  const raw = await source.raw();
  await run(host, command('cp', ['--sparse=always', '--reflink=auto', '--', raw, to]));
  await run(host, command('qemu-img', ['resize', '-q', '-f', 'raw', to, String(size)]));
  const { stdout } = await run(host, command('sfdisk', ['--json', to]), { accept: [0, 1] });
  if (/"label"\s*:\s*"gpt"/.test(stdout)) {
    await run(host, command('sfdisk', ['--quiet', '--no-tell-kernel', '--relocate', 'gpt-bak-std', to]));
  }
  return { path: to, format: 'raw', size };
}

/** @param merged the directory with all layers */
export function treeSource(
  name: string,
  layers: readonly ArchivedTree[],
  merged: ArchivedTree,
  { platform, settings }: Pick<TreeSource, 'platform' | 'settings'>,
): TreeSource {
  let facts: Promise<SystemFacts> | undefined;
  const trees = layers.map(({ directory }) => directory).toReversed();
  return { kind: 'tree', name, layers, merged, platform, settings, facts: () => (facts ??= factsOfTrees(trees)) };
}

/** The time of what is made: SOURCE_DATE_EPOCH, or that of its source. */
export async function timeOf(file: string, epoch: Epoch): Promise<number> {
  return epoch ?? Math.floor((await stat(file)).mtimeMs / 1000);
}

/** Removes a scratch directory, whatever is in it. */
export async function discard(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
