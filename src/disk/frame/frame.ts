import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, run, type Caller } from '../../host/host.js';
import { readHoles } from '../raw-disk.js';
import type { Extent } from '../extent.js';
import type { System } from '../system.js';
import type { Volume } from '../volume.js';
import type { Volumes } from '../volumes.js';

// The frame of an installed disk is what is left of it without the files of its system: partition table, boot areas,
// headers of swap space and of LVM, volumes that the system does not mount, and, of each file system, its kind, UUID,
// label and features. A tree of the same family of systems, filled into it, is a disk that boots: fstab, initrd and the
// boot loader's configuration name what they find.

/** A file system of the installed disk that is made again, with new content. Plain data. */
export interface FramedFileSystem {
  /** What messages call it. */
  readonly volume: string;
  readonly type: string;
  readonly uuid: string;
  readonly label: string;
  /** Where the system mounts it. */
  readonly mount: string;
  /** Its bytes on the disk, in their order. */
  readonly extents: readonly { readonly start: number; readonly end: number }[];
  /** Arguments for mkfs. */
  readonly options: readonly string[];
  /** Of btrfs: the subvolumes that the system mounts, and those that these lie in. Without any, all files are at its top. */
  readonly subvolumes?: readonly FramedSubvolume[];
  /** The subvolume that is mounted where none is named; undefined: its top. */
  readonly defaultSubvolume?: string;
}

export interface FramedSubvolume {
  /** From the top of the file system; `/` is the top itself. */
  readonly name: string;
  /** Where the system mounts it; undefined where it does not. */
  readonly mount?: string;
}

/** The parts of a file system that the system mounts, and those that it does not. */
export function partsOf({ subvolumes, mount }: FramedFileSystem): readonly FramedSubvolume[] {
  return subvolumes ?? [{ name: '/', mount }];
}

export interface Frame {
  /** Bytes of the disk. */
  readonly size: number;
  readonly fileSystems: readonly FramedFileSystem[];
}

/** The names of a frame's files, in a directory of its own. */
const names = { description: 'frame.json', bytes: 'frame.raw' } as const;

/** The bytes at the beginning of an ext file system that belong to boot loaders (ext4's disk layout, "Layout"). */
export const bootArea = 1024;

/** Takes the frame of a disk, and writes it into a directory, which is made. */
export async function takeFrame(volumes: Volumes, system: System, directory: string): Promise<void> {
  const { host, disk } = volumes;
  const fileSystems: FramedFileSystem[] = [];
  for (const { volume: id, mountPoint } of system.mounts) {
    const volume = system.volumes.find((each) => each.id === id);
    if (volume === undefined || fileSystems.some((other) => other.volume === id)) continue;
    fileSystems.push({
      volume: id,
      type: volume.fileSystem ?? '',
      uuid: volume.uuid ?? '',
      label: volume.label ?? '',
      mount: mountPoint,
      extents: volume.extents,
      options: await optionsOf(host, volumes, volume),
      ...(volume.fileSystem === 'btrfs' ? await subvolumesOf(volumes, volume, system) : {}),
    });
  }
  const file = await open(disk);
  const { size } = await file.stat();
  await file.close();
  await mkdir(directory, { recursive: true });
  await copyOutside(host, disk, join(directory, names.bytes), {
    size,
    without: fileSystems.flatMap(({ type, extents }) =>
      extents.map(({ start, end }, index) => ({ start: index === 0 && isExt(type) ? start + bootArea : start, end })),
    ),
  });
  await writeFile(join(directory, names.description), JSON.stringify({ size, fileSystems } satisfies Frame));
}

export async function readFrame(directory: string): Promise<Frame & { readonly bytes: string }> {
  const frame = JSON.parse(await readFile(join(directory, names.description), 'utf8')) as Frame;
  return { ...frame, bytes: join(directory, names.bytes) };
}

export function isExt(type: string): boolean {
  return /^ext[234]$/.test(type);
}

async function subvolumesOf(
  volumes: Volumes,
  volume: Volume,
  { mounts }: System,
): Promise<Pick<FramedFileSystem, 'subvolumes' | 'defaultSubvolume'>> {
  const [initial = '/', ...others] = await (await volumes.fileSystem(volume)).subvolumes();
  const mounted = new Map(
    mounts.filter((mount) => mount.volume === volume.id).map((mount) => [mount.subvolume, mount.mountPoint]),
  );
  const isNeeded = (name: string) => [...mounted.keys()].some((each) => each === name || each.startsWith(`${name}/`));
  const subvolumes = [initial, ...others].filter(isNeeded).map((name): FramedSubvolume => {
    const mount = mounted.get(name);
    return mount === undefined ? { name } : { name, mount };
  });
  return { subvolumes, ...(initial === '/' || !isNeeded(initial) ? {} : { defaultSubvolume: initial }) };
}

/** What mkfs needs to make a file system that the same kernel and boot loader can read. */
async function optionsOf(host: Caller, volumes: Volumes, volume: Volume): Promise<string[]> {
  if (!isExt(volume.fileSystem ?? '')) return [];
  const { file, offset } = await volumes.stretch(volume);
  const { stdout } = await run(host, command('dumpe2fs', ['-h', `${file}?offset=${offset}`]));
  const value = (name: string) => new RegExp(`^${name}: +(.*)$`, 'm').exec(stdout)?.[1]?.trim();
  // What a mount sets, or mke2fs makes of other options.
  const passing = ['needs_recovery', 'large_file', 'orphan_present', 'resize_inode', 'fast_commit'];
  const features = (value('Filesystem features') ?? '').split(' ').filter((each) => each && !passing.includes(each));
  const resizable = (value('Filesystem features') ?? '').includes('resize_inode') ? ['resize_inode'] : [];
  const blocks = Number(value('Block count'));
  const reserved = Number(value('Reserved block count'));
  return [
    ...['-O', ['none', ...features, ...resizable].join(',')],
    ...['-b', value('Block size') ?? '4096', '-I', value('Inode size') ?? '256', '-N', value('Inode count') ?? '0'],
    ...['-m', blocks > 0 ? ((100 * reserved) / blocks).toFixed(2) : '5'],
  ];
}

const chunk = 2 ** 20;

/** Copies a disk without some of its bytes, which stay holes; so does what reads as zeros. */
async function copyOutside(
  host: Caller,
  disk: string,
  to: string,
  { size, without }: { readonly size: number; readonly without: readonly Extent[] },
): Promise<void> {
  const holes = [...(await readHoles(host, disk)), ...without];
  const source = await open(disk);
  const target = await open(to, 'w');
  try {
    await truncate(to, size);
    const buffer = Buffer.allocUnsafe(chunk);
    const zeros = Buffer.alloc(chunk);
    for (const { start, end } of outside(holes, size)) {
      for (let at = start; at < end;) {
        const { bytesRead } = await source.read(buffer, 0, Math.min(chunk, end - at), at);
        if (bytesRead === 0) break;
        const bytes = buffer.subarray(0, bytesRead);
        if (!bytes.equals(zeros.subarray(0, bytesRead))) await target.write(bytes, 0, bytesRead, at);
        at += bytesRead;
      }
    }
  } finally {
    await source.close();
    await target.close();
  }
}

/** What lies in none of some extents, which may overlap. */
function outside(extents: readonly Extent[], size: number): Extent[] {
  const left: Extent[] = [];
  let at = 0;
  for (const { start, end } of extents.toSorted((one, other) => one.start - other.start)) {
    if (start > at) left.push({ start: at, end: start });
    at = Math.max(at, end);
  }
  if (at < size) left.push({ start: at, end: size });
  return left;
}
