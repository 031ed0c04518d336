import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { program } from './disk.js';

const MiB = 2 ** 20;

/** A partition of a disk that a system is installed on. */
export interface SystemPartition {
  /** As sfdisk takes it. */
  readonly type: string;
  /** MiB. */
  readonly size: number;
  /** MiB that are left free before it. */
  readonly gap?: number;
  readonly fileSystem?: 'ext4' | 'xfs' | 'btrfs' | 'vfat' | 'swap';
  /** Files by path, made in this order; those whose content is undefined are removed again in the end. */
  readonly fill?: (root: string) => void;
}

/** Where a partition lies on the disk: bytes. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Makes a disk with gaps between partitions, and file systems that the kernel itself wrote to. Root only. */
export function systemDisk(disk: string, label: 'dos' | 'gpt', partitions: readonly SystemPartition[]): Extent[] {
  let at = MiB;
  const extents = partitions.map(({ size, gap = 0 }) => {
    const start = at + gap * MiB;
    at = start + size * MiB;
    return { start, end: at };
  });
  writeFileSync(disk, '');
  truncateSync(disk, at + 3 * MiB);
  const lines = partitions.map(
    ({ type }, index) =>
      `start=${extents[index]!.start / 512}, size=${(extents[index]!.end - extents[index]!.start) / 512}, type=${type}\n`,
  );
  program('sfdisk', ['--quiet', '--no-tell-kernel', disk], `label: ${label}\n${lines.join('')}`);
  for (const [index, { fileSystem, fill }] of partitions.entries()) {
    const extent = extents[index]!;
    if (fileSystem === undefined) continue;
    make(disk, extent, fileSystem);
    if (fill) inVolume(disk, extent, fileSystem, fill);
  }
  return extents;
}

function make(disk: string, { start, end }: Extent, type: string): void {
  if (type === 'vfat') {
    program('mkfs.vfat', ['--offset', String(start / 512), '-F', '16', '-s', '1', disk, String((end - start) / 1024)]);
    return;
  }
  if (type === 'ext4') {
    program('mke2fs', ['-q', '-F', '-t', 'ext4', '-E', `offset=${start}`, disk, `${(end - start) / 1024}k`]);
    return;
  }
  const loop = program('losetup', ['--find', '--show', '-o', String(start), '--sizelimit', String(end - start), disk]);
  try {
    if (type === 'swap') program('mkswap', [loop.trim()]);
    else program(`mkfs.${type}`, ['-q', '-f', loop.trim()]);
  } finally {
    program('losetup', ['--detach', loop.trim()]);
  }
}

/** Gives a disk with one file system its partition table. */
export function onePartition(disk: string, offset: number, size: number): void {
  program(
    'sfdisk',
    ['--quiet', '--no-tell-kernel', disk],
    `label: dos\nstart=${offset / 512}, size=${size / 512}, type=83\n`,
  );
}

/** Mounts a volume, on btrfs its top, for a look or a change. */
export function inVolume(disk: string, { start, end }: Extent, type: string, look: (root: string) => void): void {
  const root = mkdtempSync('/tmp/image-factory-volume-');
  const more = { xfs: ',nouuid', btrfs: ',subvolid=5' }[type] ?? '';
  program('mount', ['-t', type, '-o', `loop,offset=${start},sizelimit=${end - start}${more}`, disk, root]);
  try {
    look(root);
  } finally {
    program('umount', [root]);
    rmSync(root, { recursive: true });
  }
}

/** Has the tools of a file system say that it is whole; throws what they say if not. */
export function checkVolume(disk: string, { start, end }: Extent, type: string): void {
  if (type === 'ext4') {
    program('e2fsck', ['-f', '-n', `${disk}?offset=${start}`]);
    return;
  }
  const loop = program('losetup', [
    '--find',
    '--show',
    '-r',
    '-o',
    String(start),
    '--sizelimit',
    String(end - start),
    disk,
  ]);
  try {
    if (type === 'xfs') program('xfs_repair', ['-n', loop.trim()]);
    if (type === 'btrfs') program('btrfs', ['check', '--readonly', loop.trim()]);
    if (type === 'vfat') program('fsck.vfat', ['-n', loop.trim()]);
  } finally {
    program('losetup', ['--detach', loop.trim()]);
  }
}

/** Writes a file, with the directories above it. */
export function put(root: string, path: string, content: string | Buffer = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** Which of some texts stand anywhere in a file. */
export function found(file: string, texts: readonly string[]): string[] {
  try {
    const all = execFileSync('grep', ['--text', '--only-matching', '--fixed-strings', '-e', texts.join('\n'), file], {
      encoding: 'latin1',
      maxBuffer: 2 ** 28,
    });
    return [...new Set(all.split('\n').filter(Boolean))];
  } catch (error) {
    if ((error as { status?: number }).status === 1) return [];
    throw error;
  }
}
