import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { command, run, type Host } from '../../host/host.js';
import { holdScratchDirectory } from '../../host/scratch-directory.js';
import { ownersOfTree } from '../../host/tree-namespace.js';
import type { FileSystem } from '../../layout/layout.js';
import { contentOf, type Content } from '../make/content.js';
import type { NewSubvolume } from '../make/file-system-maker.js';
import { makerOf } from '../make/file-systems.js';
import { Identifiers } from '../make/identifiers.js';
import { sizeOf, type Place } from '../make/pieces.js';
import { directlyBelow } from '../make/mount-points.js';
import { putInPlace } from '../make/put-in-place.js';
import { listTree, roomFor, type TreeEntry } from '../make/tree-listing.js';
import { makeTreeView, type TreeView } from '../make/tree-view.js';
import { installExtlinux } from './extlinux.js';
import { bootArea, isExt, partsOf, readFrame, type FramedFileSystem } from './frame.js';

/** A tree that becomes a disk. */
export interface FilledFrame {
  /** The directory of a frame. */
  readonly frame: string;
  /** A directory with the whole system. */
  readonly tree: string;
  /** The raw disk to make. */
  readonly output: string;
  /** SOURCE_DATE_EPOCH. */
  readonly epoch: number | undefined;
}

/**
 * Makes a raw disk of a tree in the frame of the disk that its installed ancestor had: the same partition table, boot
 * areas, UUIDs and labels, and new file systems with the tree's content.
 *
 * @throws Failure where the tree is too large for it
 */
export async function fillFrame(host: Host, { frame, tree, output, epoch }: FilledFrame): Promise<void> {
  const { size, fileSystems, bytes } = await readFrame(frame);
  const { path: work, remove } = await holdScratchDirectory(host, 'disk', dirname(output));
  await mkdir(join(work, 'view'));
  const view = await makeTreeView(join(work, 'view'), { tree, namespace: await ownersOfTree(tree) });
  const entries = await listTree(host, view, { top: '/', masked: [] });
  const disk = join(work, 'disk.raw');
  await run(host, command('cp', ['--sparse=always', '--', bytes, disk]));
  await truncate(disk, size);
  const identifiers = new Identifiers(createHash('sha256').update(JSON.stringify(fileSystems)).digest());
  for (const each of fileSystems) {
    await fill(host, each, { all: fileSystems, disk, view, entries, work, epoch, identifiers });
  }
  await rename(disk, output);
  await remove();
}

interface Filling {
  readonly all: readonly FramedFileSystem[];
  readonly disk: string;
  readonly view: TreeView;
  /** All that the view shows. */
  readonly entries: readonly TreeEntry[];
  readonly work: string;
  readonly epoch: number | undefined;
  readonly identifiers: Identifiers;
}

async function fill(host: Host, framed: FramedFileSystem, filling: Filling): Promise<void> {
  const { all, disk, work, epoch, identifiers } = filling;
  const { volume, type, uuid, label, mount, options } = framed;
  const place: Place = framed.extents.map(({ start, end }) => ({ disk: 'disk', offset: start, size: end - start }));
  const fileSystem: FileSystem = {
    name: volume,
    on: volume,
    type,
    label,
    uuid,
    options,
    mount,
    grow: false,
    subvolumes: [],
  };
  const maker = makerOf(fileSystem);
  if (maker === undefined) {
    throw new Failure(`${mount} of the parent's disk has ${type}, which can't be made for a derived image`, {
      hint: 'Derive from an image with ext4, xfs, btrfs or vfat; or give the image a layout.',
    });
  }
  const mounts = all.flatMap((each) => partsOf(each).flatMap((part) => part.mount ?? []));
  const contentAt = (top: string): Promise<Content> =>
    contentOf(host, filling, { top, masked: directlyBelow(top, mounts) });
  const parts: NewSubvolume[] = [];
  for (const part of partsOf(framed)) {
    parts.push({ name: part.name, content: part.mount === undefined ? undefined : await contentAt(part.mount) });
  }
  expectRoom(framed, { contents: parts.flatMap(({ content }) => content ?? []), size: sizeOf(place) });
  const [only] = place;
  const isWhole = maker.atOffset && place.length === 1 && only !== undefined;
  const file = isWhole ? disk : join(work, 'file-system');
  const offset = isWhole ? only.offset : 0;
  const boot = isExt(type) ? await bytesAt(disk, only?.offset ?? 0, bootArea) : undefined;
  if (!isWhole) {
    await writeFile(file, '');
    await truncate(file, sizeOf(place));
  }
  host.log.info(`Making ${type} for ${mount}`);
  const hashSeed = identifiers.uuid(`hash seed ${volume}`);
  await maker.make(host, {
    ...{
      fileSystem,
      uuid,
      hashSeed,
      file,
      offset,
      size: sizeOf(place),
      sectorSize: 512,
      content: parts.find(({ name }) => name === '/')?.content,
      epoch,
      scratch: work,
      subvolumes: parts.filter(({ name }) => name !== '/'),
      defaultSubvolume: framed.defaultSubvolume,
    },
  });
  if (boot !== undefined) {
    await writeAt(file, offset, await installExtlinux({ ...host, scratch: work }, { file, offset, boot }));
  }
  if (!isWhole) {
    await putInPlace(host, file, place, new Map([['disk', disk]]));
    await rm(file);
  }
}

function expectRoom(
  { mount, volume }: FramedFileSystem,
  { contents, size }: { readonly contents: readonly Content[]; readonly size: number },
): void {
  const needed = contents.reduce((sum, { entries }) => sum + roomFor(entries), 0);
  if (needed <= size) return;
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  throw new Failure(
    `the tree has ${mebibytes(needed)} for ${mount}, and volume ${volume} of the parent's disk has ${mebibytes(size)}`,
    { hint: "Give the parent a larger 'image-size', or install less." },
  );
}

async function bytesAt(path: string, offset: number, size: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(size);
    await file.read(bytes, 0, size, offset);
    return bytes;
  } finally {
    await file.close();
  }
}

async function writeAt(path: string, offset: number, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, offset);
  } finally {
    await file.close();
  }
}
