import { open, truncate, writeFile, type FileHandle } from 'node:fs/promises';
import { Failure } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { without, type Extent } from './extent.js';
import { readHoles, zeroExtents } from './raw-disk.js';
import type { Volume } from './volume.js';

type Lying = Pick<Volume, 'extents' | 'size'>;

/** Bytes that are copied and compared at a time. */
const chunk = 2 ** 20;

/**
 * Copies the extents of a volume into one file, in their order, with the holes that the disk has: so that tools which
 * take one offset can work on it.
 *
 * @param copy a file that is made, or written over
 */
export async function putTogether(host: Caller, disk: string, volume: Lying, copy: string): Promise<void> {
  const holes = await readHoles(host, disk);
  await writeFile(copy, '', { mode: 0o600 });
  await truncate(copy, volume.size);
  await withFiles(disk, 'r', copy, 'r+', async (from, to) => {
    for (const { extent, at } of placed(volume)) {
      for (const data of without(extent, holes).flatMap(chunks)) {
        host.signal.throwIfAborted();
        const bytes = await readWhole(from, data);
        await to.write(bytes, 0, bytes.length, at + data.start - extent.start);
      }
    }
  });
}

/** Writes to the extents of a volume what differs in a copy of it; what is zeros there becomes a hole. */
export async function carryBack(host: Caller, disk: string, volume: Lying, copy: string): Promise<void> {
  const [diskHoles, copyHoles] = await Promise.all([readHoles(host, disk), readHoles(host, copy)]);
  const zeros: Extent[] = [];
  await withFiles(disk, 'r+', copy, 'r', async (to, from) => {
    for (const { extent, at } of placed(volume)) {
      const inCopy = (position: number) => position - extent.start + at;
      const known = copyHoles.map(({ start, end }) => ({
        start: start - at + extent.start,
        end: end - at + extent.start,
      }));
      for (const piece of without(extent, both(diskHoles, known)).flatMap(chunks)) {
        host.signal.throwIfAborted();
        const now = { start: inCopy(piece.start), end: inCopy(piece.end) };
        const [before, after] = await Promise.all([readWhole(to, piece), readWhole(from, now)]);
        if (before.equals(after)) continue;
        if (after.every((byte) => byte === 0)) zeros.push(piece);
        else await to.write(after, 0, after.length, piece.start);
      }
    }
  });
  await zeroExtents(host, disk, zeros);
}

/** Each extent of a volume, with the byte of the volume at which it begins. */
function placed({ extents }: Lying): { readonly extent: Extent; readonly at: number }[] {
  let at = 0;
  return extents.map((extent) => {
    const begin = at;
    at += extent.end - extent.start;
    return { extent, at: begin };
  });
}

/** What is in both of two lists of extents, each in order. */
function both(some: readonly Extent[], others: readonly Extent[]): Extent[] {
  return some.flatMap(({ start, end }) =>
    others
      .map((other) => ({ start: Math.max(start, other.start), end: Math.min(end, other.end) }))
      .filter((extent) => extent.start < extent.end),
  );
}

function chunks({ start, end }: Extent): Extent[] {
  return Array.from({ length: Math.ceil((end - start) / chunk) }, (_, index) => ({
    start: start + index * chunk,
    end: Math.min(start + (index + 1) * chunk, end),
  }));
}

async function readWhole(file: FileHandle, { start, end }: Extent): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
  if (bytesRead < end - start) throw new Failure('a volume reaches behind the end of its disk');
  return buffer;
}

async function withFiles(
  disk: string,
  diskMode: 'r' | 'r+',
  copy: string,
  copyMode: 'r' | 'r+',
  action: (disk: FileHandle, copy: FileHandle) => Promise<void>,
): Promise<void> {
  const one = await open(disk, diskMode);
  try {
    const other = await open(copy, copyMode);
    try {
      await action(one, other);
    } finally {
      await other.close();
    }
  } finally {
    await one.close();
  }
}
