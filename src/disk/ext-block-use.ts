import { symlink, unlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { Failure } from '../host/failure.js';
import { run, type Command, type Caller } from '../host/host.js';
import { deviceName, extCommand, type ExtDevice } from './ext-directory.js';
import type { Extent } from './extent.js';

/** What an ext file system's blocks are used for, as far as that matters to who wants zeros. */
export interface BlockUse {
  /** Bytes. */
  readonly blockSize: number;
  /** Where the file system ends, in bytes from its beginning. */
  readonly end: number;
  /** What no file uses, in bytes of the file system and in order. */
  readonly free: readonly Extent[];
  /** The reserved space after copies of the superblock, for a file system that grows: nothing is read there. */
  readonly reserved: readonly Extent[];
  /** Inodes that are free, in bytes of the file system and in order: what was removed may still stand in them. */
  readonly freeInodes: readonly Extent[];
  readonly uuid: string | undefined;
  /** The inode of the journal, where there is one in the file system and nothing in it waits to be replayed. */
  readonly emptyJournal: number | undefined;
}

export function blockUseCommand(device: ExtDevice): Command {
  return extCommand('dumpe2fs', [], device);
}

/** @throws Failure if dumpe2fs(8) does not tell the size of a block */
export async function readBlockUse(host: Caller, device: ExtDevice): Promise<BlockUse> {
  const stdout = await withName(device, async () => (await run(host, blockUseCommand(device))).stdout);
  const number = (name: string) => Number(new RegExp(`^${name}: +(\\d+)$`, 'm').exec(stdout)?.[1]);
  const blockSize = number('Block size');
  if (!blockSize) throw new Failure(`dumpe2fs prints no block size of ${deviceName(device)}`);
  // The superblock's line of this name, a number, stands at the margin; those of the groups are indented.
  const free = [...stdout.matchAll(/^ +Free blocks: (.+)$/gm)]
    .flatMap(([, ranges = '']) => rangesOf(ranges))
    .map(([first, last]) => ({ start: first * blockSize, end: (last + 1) * blockSize }));
  const reserved = [...stdout.matchAll(/^ +Backup superblock .*\n +Reserved GDT blocks at (\d+)-(\d+)$/gm)].map(
    ([, first, last]) => ({ start: Number(first) * blockSize, end: (Number(last) + 1) * blockSize }),
  );
  const uuid = /^Filesystem UUID: +([0-9a-f-]{36})$/m.exec(stdout)?.[1];
  const emptyJournal = number('Journal start') === 0 ? number('Journal inode') || undefined : undefined;
  const freeInodes = readFreeInodes(stdout, {
    blockSize,
    inodeSize: number('Inode size'),
    inodesPerGroup: number('Inodes per group'),
  });
  return { blockSize, end: number('Block count') * blockSize, free, reserved, freeInodes, uuid, emptyJournal };
}

/** `3-7, 9` as dumpe2fs writes it: each first and last number. */
function rangesOf(text: string): (readonly [number, number])[] {
  return text.split(', ').map((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return [first, last];
  });
}

/** Inodes count from 1; each group has as many, in a table of its own. */
function readFreeInodes(
  stdout: string,
  { blockSize, inodeSize, inodesPerGroup }: Record<'blockSize' | 'inodeSize' | 'inodesPerGroup', number>,
): Extent[] {
  return stdout.split(/^Group (?=\d+:)/m).flatMap((group) => {
    const first = parseInt(group, 10) * inodesPerGroup + 1;
    const table = Number(/^ +Inode table at (\d+)/m.exec(group)?.[1]) * blockSize;
    const [, ranges = ''] = /^ +Free inodes: (\d.*)$/m.exec(group) ?? [];
    if (ranges === '') return [];
    const place = (inode: number) => table + (inode - first) * inodeSize;
    return rangesOf(ranges).map(([from, last]) => ({ start: place(from), end: place(last + 1) }));
  });
}

/**
 * dumpe2fs of e2fsprogs 1.47.2 wants the device to exist before it takes the offset off its name. A link beside the disk
 * that is called so is enough; what is opened is the disk.
 */
async function withName<T>(device: ExtDevice, action: () => Promise<T>): Promise<T> {
  const name = deviceName(device);
  await symlink(basename(device.disk), name);
  try {
    return await action();
  } finally {
    await unlink(name);
  }
}
