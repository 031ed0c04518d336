import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { programPath } from '../../src/host/programs.js';

const MiB = 2 ** 20;

/** One partition of a disk for tests. */
export interface TestPartition {
  /** As sfdisk takes it: `L`, `U`, `S`, `E`, or a GUID. */
  readonly type: string;
  /** MiB. */
  readonly size: number;
  /** Makes a file system of this type (`ext4`, `swap`, …), with the content of a directory if it is ext. */
  readonly fileSystem?: string;
  readonly content?: string;
  /** Further arguments of mke2fs. */
  readonly options?: readonly string[];
}

/** Makes a raw disk with partitions and file systems on them, without root. */
export function makeDisk(disk: string, label: 'dos' | 'gpt', partitions: readonly TestPartition[]): void {
  const total = partitions.reduce((sum, { size }) => sum + size, 0);
  writeFileSync(disk, '');
  truncateSync(disk, (total + 2 + partitions.length * 2) * MiB);
  const lines = partitions.map(({ type, size }) => `type=${type}, size=${size}MiB\n`);
  // Telling the kernel, sfdisk would write out what all programs of this machine have written: it calls sync(2).
  program('sfdisk', ['--quiet', '--no-tell-kernel', disk], `label: ${label}\n${lines.join('')}`);
  const { partitiontable } = JSON.parse(program('sfdisk', ['--json', disk])) as {
    partitiontable: { partitions: { start: number; size: number }[] };
  };
  for (const [index, { start, size }] of partitiontable.partitions.entries()) {
    const partition = partitions[index];
    if (partition) makeFileSystem(disk, partition, { offset: start * 512, size: size * 512 });
  }
}

function makeFileSystem(
  disk: string,
  { fileSystem: type, content, options = [] }: TestPartition,
  place: { offset: number; size: number },
): void {
  if (type === undefined) return;
  if (type.startsWith('ext')) {
    const filled = content === undefined ? [] : ['-d', content];
    const placed = ['-q', '-F', '-t', type, ...options, ...filled, '-E', `offset=${place.offset},root_owner=0:0`];
    program('mke2fs', [...placed, disk, `${place.size / 1024}k`]);
    return;
  }
  // Others know no offset: they are made in a file of their own, and copied to their place.
  const alone = `${disk}.${type}`;
  writeFileSync(alone, '');
  truncateSync(alone, place.size);
  program(type === 'swap' ? 'mkswap' : `mkfs.${type}`, [alone]);
  program('dd', [
    `if=${alone}`,
    `of=${disk}`,
    'bs=64k',
    `seek=${place.offset}`,
    'oflag=seek_bytes',
    'conv=notrunc,sparse',
    'status=none',
  ]);
  program('rm', [alone]);
}

/** Runs a program that a test needs, and gives what it says. */
export function program(file: string, args: readonly string[], input = ''): string {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', PATH: programPath() };
  return execFileSync(file, args, { input, encoding: 'utf8', env, stdio: ['pipe', 'pipe', 'pipe'] });
}
