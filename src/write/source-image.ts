import { open, stat } from 'node:fs/promises';
import { UsageError } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import type { Extent } from '../disk/extent.js';

/** An image that can be written onto a device. */
export interface SourceImage {
  /** Absolute. */
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
  /** Bytes of the disk in it. */
  readonly size: number;
  /** What of the disk is data, in order; all else reads as zeros. */
  readonly used: readonly Extent[];
  /** Changes when the file does: size, inode, time. */
  readonly state: string;
}

/** Files that are no raw disk, by how they begin; and what to do with them. */
const others: readonly { readonly magic: string; readonly what: string }[] = [
  { magic: '\xfd7zXZ', what: 'compressed with xz' },
  { magic: '\x28\xb5\x2f\xfd', what: 'compressed with zstd' },
  { magic: '\x1f\x8b', what: 'compressed with gzip' },
  { magic: 'BZh', what: 'compressed with bzip2' },
  { magic: 'PK\x03\x04', what: 'a ZIP archive' },
  { magic: 'KDMV', what: 'a VMDK disk' },
  { magic: 'COWD', what: 'a VMDK disk' },
  { magic: '# Disk DescriptorFile', what: 'the description of a VMDK disk' },
  { magic: '<<< ', what: 'a VDI disk' },
  { magic: 'conectix', what: 'a VHD disk' },
  { magic: 'vhdxfile', what: 'a VHDX disk' },
  { magic: 'QED\0', what: 'a QED disk' },
];

/** @throws UsageError where the file is no disk, or is only a part of one */
export async function readSourceImage(host: Caller, path: string): Promise<SourceImage> {
  const { size, ino, mtimeMs, isFile } = await examine(path);
  if (!isFile) throw new UsageError([`${path}: an image is a regular file`]);
  const format = await formatOf(path);
  const { stdout } = await run(host, command('qemu-img', ['info', '--output=json', '-f', format, path]));
  const info = JSON.parse(stdout) as Info;
  const { 'backing-filename': backing, encrypted = false } = info;
  const { corrupt = false, 'data-file': dataFile } = info['format-specific']?.data ?? {};
  const wrong = [
    ...(backing === undefined
      ? []
      : [`it holds only what differs from ${backing}: qemu-img convert makes one whole image of both`]),
    ...(dataFile === undefined ? [] : [`its content is in another file: ${dataFile}`]),
    ...(encrypted ? ['it is encrypted'] : []),
    ...(corrupt ? ['it is marked as damaged: see qemu-img check'] : []),
  ];
  if (wrong.length > 0) throw new UsageError(wrong.map((why) => `${path}: ${why}`));
  const state = `${size} ${ino} ${mtimeMs}`;
  return { path, format, size: info['virtual-size'], used: await readUsed(host, path, format), state };
}

interface Info {
  readonly 'virtual-size': number;
  readonly 'backing-filename'?: string;
  readonly encrypted?: boolean;
  readonly 'format-specific'?: { readonly data?: { readonly corrupt?: boolean; readonly 'data-file'?: string } };
}

async function examine(path: string) {
  try {
    const found = await stat(path);
    return { size: found.size, ino: found.ino, mtimeMs: found.mtimeMs, isFile: found.isFile() };
  } catch (error) {
    throw new UsageError([`${path}: ${(error as Error).message}`]);
  }
}

async function formatOf(path: string): Promise<'raw' | 'qcow2'> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
    if (bytesRead === 0) throw new UsageError([`${path} is empty`]);
    const beginning = buffer.toString('latin1');
    if (beginning.startsWith('QFI\xfb')) return 'qcow2';
    const other = others.find(({ magic }) => beginning.startsWith(magic));
    if (other === undefined) return 'raw';
    const todo = /compressed|archive/.test(other.what)
      ? 'unpack it first'
      : 'convert it first, with qemu-img convert -O raw';
    throw new UsageError([`${path} is ${other.what}: ${todo}`]);
  } finally {
    await file.close();
  }
}

async function readUsed(host: Caller, path: string, format: 'raw' | 'qcow2'): Promise<Extent[]> {
  const { stdout } = await run(host, command('qemu-img', ['map', '--output=json', '-f', format, path]));
  const map = JSON.parse(stdout) as readonly { start: number; length: number; data: boolean; zero: boolean }[];
  return map.filter(({ data, zero }) => data && !zero).map(({ start, length }) => ({ start, end: start + length }));
}
