import { open, type FileHandle } from 'node:fs/promises';
import type { Caller } from '../../host/host.js';
import { readHoles } from '../raw-disk.js';
import type { Extent } from '../extent.js';
import type { Place } from './pieces.js';

/** Bytes that are copied at a time. Zeros of that length stay holes. */
const chunk = 64 * 1024;

/**
 * Copies a file to where a device lies, piece by piece. What is a hole in the file, or zero, is not written.
 *
 * @param files of the disks, by name
 */
export async function putInPlace(
  caller: Caller,
  file: string,
  place: Place,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const holes = await readHoles(caller, file);
  const from = await open(file);
  try {
    const { size } = await from.stat();
    const data = between(holes, size);
    let begin = 0;
    for (const piece of place) {
      const end = begin + piece.size;
      const to = await open(files.get(piece.disk) ?? '', 'r+');
      try {
        for (const extent of data) {
          const part = { start: Math.max(extent.start, begin), end: Math.min(extent.end, end) };
          if (part.start < part.end) await copy(from, to, part, piece.offset - begin);
        }
      } finally {
        await to.close();
      }
      begin = end;
    }
  } finally {
    await from.close();
  }
}

async function copy(from: FileHandle, to: FileHandle, { start, end }: Extent, by: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(chunk);
  const zeros = Buffer.alloc(chunk);
  for (let at = start; at < end;) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(chunk - (at % chunk), end - at), at);
    if (bytesRead === 0) return;
    const bytes = buffer.subarray(0, bytesRead);
    if (!bytes.equals(zeros.subarray(0, bytesRead))) await to.write(bytes, 0, bytesRead, at + by);
    at += bytesRead;
  }
}

/** What lies between holes that stand in order. */
function between(holes: readonly Extent[], size: number): Extent[] {
  const edges = [0, ...holes.flatMap(({ start, end }) => [start, end]), size];
  const found: Extent[] = [];
  for (let at = 0; at + 1 < edges.length; at += 2) {
    const [start, end] = [edges[at]!, Math.min(edges[at + 1]!, size)];
    if (start < end) found.push({ start, end });
  }
  return found;
}
