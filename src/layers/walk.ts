import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import type { Attributes } from './extended-attributes.js';
import { isOpaque, isWhiteoutFile, ofContent } from './overlay-marks.js';
import type { EntryType, TreeEntry } from './tree-entry.js';

/** An entry as the file system has it. */
export interface FoundEntry {
  readonly entry: TreeEntry;
  /** Bytes that it takes on the disk; 0 for a further name of a file. */
  readonly space: number;
  /** Seconds since 1970. */
  readonly modified: number;
  /** How many names it has, some of them perhaps outside the tree. */
  readonly names: number;
}

/**
 * Every entry of a tree in the order of a manifest, without the digests of files. Whiteouts and opaque directories are
 * the same in whichever notation overlayfs wrote them.
 */
export function* walk(directory: string, attributes: Attributes): Generator<FoundEntry> {
  /** Files with several names, by device and number. */
  const firstNames = new Map<string, string>();
  const root = Buffer.from(directory);
  const pending: string[] = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const file = bytePath(root, path);
    const stats = lstatSync(file);
    const found = entryOf(path, file, stats, attributes.get(path));
    const first = stats.nlink > 1 && !stats.isDirectory() ? firstName(firstNames, stats, path) : path;
    // overlayfs makes one device for many whiteouts, and gives it many names.
    const isLink = first !== path && found.type !== 'whiteout';
    yield {
      entry: isLink ? { ...found, hardLink: first } : found,
      space: first === path ? stats.blocks * 512 : 0,
      modified: stats.mtimeMs / 1000,
      names: stats.isDirectory() ? 1 : stats.nlink,
    };
    if (!stats.isDirectory()) continue;
    const names = readdirSync(file, 'latin1').sort(compareBytes);
    for (const name of names.reverse()) pending.push(path === '' ? name : `${path}/${name}`);
  }
}

/** Where an entry lies, as system calls take it: a name need not be UTF-8. */
export function bytePath(root: Buffer | string, path: string): Buffer {
  const start = typeof root === 'string' ? Buffer.from(root) : root;
  return path === '' ? start : Buffer.concat([start, Buffer.from(`/${path}`, 'latin1')]);
}

const compareBytes = (a: string, b: string) => (a < b ? -1 : 1);

function firstName(names: Map<string, string>, { dev, ino }: Stats, path: string): string {
  const key = `${dev}:${ino}`;
  const first = names.get(key) ?? path;
  names.set(key, first);
  return first;
}

function entryOf(path: string, file: Buffer, stats: Stats, marks: ReadonlyMap<string, Buffer> | undefined): TreeEntry {
  const type = typeOf(stats, marks);
  if (type === 'whiteout') return { path, type };
  const attributes = ofContent(marks);
  return {
    path,
    type,
    ...(type !== 'link' && { mode: stats.mode & 0o7777 }),
    owner: { uid: stats.uid, gid: stats.gid },
    ...(type === 'file' && { size: stats.size }),
    ...(type === 'link' && { target: readlinkSync(file, 'latin1') }),
    ...((type === 'char' || type === 'block') && { device: numbersOf(stats.rdev) }),
    ...(type === 'dir' && isOpaque(marks) && { opaque: true as const }),
    ...(attributes && { attributes }),
  };
}

function typeOf(stats: Stats, marks: ReadonlyMap<string, Buffer> | undefined): EntryType {
  if (stats.isFile()) return stats.size === 0 && isWhiteoutFile(marks) ? 'whiteout' : 'file';
  if (stats.isDirectory()) return 'dir';
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isCharacterDevice()) return stats.rdev === 0 ? 'whiteout' : 'char';
  if (stats.isBlockDevice()) return 'block';
  return stats.isFIFO() ? 'fifo' : 'socket';
}

/** As glibc's gnu_dev_major(3) and gnu_dev_minor(3) take a device number apart. */
function numbersOf(device: number): { major: number; minor: number } {
  const bits = BigInt(device);
  return {
    major: Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n)),
    minor: Number((bits & 0xffn) | ((bits >> 12n) & 0xffffff00n)),
  };
}
