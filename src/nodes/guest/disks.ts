import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ext } from '../../disk/make/ext.js';
import { listTree, roomFor } from '../../disk/make/tree-listing.js';
import { makeTreeView } from '../../disk/make/tree-view.js';
import type { Caller } from '../../host/host.js';
import { ownersOfTree } from '../../host/tree-namespace.js';

const mebibyte = 2 ** 20;

/** Nothing of it outlives the guest, so it needs neither a journal nor blocks kept for root, and no name of its own. */
const shortLived = {
  uuid: '6b8d9c4e-2f0a-4d7b-9a53-0d6c1e7f4a21',
  hashSeed: '1f3a5c7e-9b2d-4f60-8e17-3c5a7d9b0e42',
  sectorSize: 512 as const,
  ...{ offset: 0, subvolumes: [], epoch: undefined },
};

function ext4(label: string, ...options: string[]) {
  return {
    name: label,
    on: label,
    type: 'ext4',
    label,
    options: ['-O', '^has_journal', '-m', '0', ...options],
    subvolumes: [],
    grow: false,
  };
}

/**
 * Makes a disk of a mounted tree, with all that a tree may hold. It is only read.
 *
 * @param scratch a directory for what is made on the way
 */
export async function makeTreeDisk(caller: Caller, tree: string, file: string, scratch: string): Promise<void> {
  const place = join(scratch, 'view');
  await mkdir(place);
  const view = await makeTreeView(place, { tree, namespace: await ownersOfTree(tree) });
  const whole = { top: '/', masked: [] };
  const entries = await listTree(caller, view, whole);
  const size = roundUp(roomFor(entries) * 1.25 + entries.length * 1024 + 64 * mebibyte);
  const fileSystem = ext4('tree', '-N', String(entries.length + 1024));
  await ext.make(caller, { ...shortLived, fileSystem, size, content: { view, ...whole, entries }, file, scratch });
  await rm(place, { recursive: true });
}

/** Makes a disk for what the guest writes. */
export async function makeEmptyDisk(caller: Caller, file: string, size: number, scratch: string): Promise<void> {
  const fileSystem = ext4('scratch');
  await ext.make(caller, { ...shortLived, fileSystem, size, content: undefined, file, scratch });
}

/** Makes a disk that is kept, and survives it when its guest is killed. */
export async function makeKeptDisk(caller: Caller, file: string, size: number, scratch: string): Promise<void> {
  const fileSystem = { ...ext4('store'), options: ['-m', '0'] };
  await ext.make(caller, { ...shortLived, fileSystem, size, content: undefined, file, scratch });
}

/** The smallest disk on which something can be done, and the largest: bytes. */
const [leastRoom, mostRoom] = [64 * mebibyte, 2 ** 38];

/** How much a guest may write whose disks lie in a directory: what is free there. Bytes. */
export async function roomForGuest(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return Math.min(Math.max(roundUp(bavail * bsize), leastRoom), mostRoom);
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / mebibyte) * mebibyte;
}
