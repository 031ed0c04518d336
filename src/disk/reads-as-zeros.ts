import { open, type FileHandle } from 'node:fs/promises';
import type { Caller } from '../host/host.js';
import { without, type Extent } from './extent.js';
import { readHoles } from './raw-disk.js';

/** Bytes that are read at a time. */
const chunk = 2 ** 20;

/** Whether some extents of a raw disk hold nothing but zeros. Holes are not read. */
export async function readsAsZeros(host: Caller, disk: string, extents: readonly Extent[]): Promise<boolean> {
  const holes = await readHoles(host, disk);
  const file = await open(disk);
  try {
    for (const extent of extents) {
      for (const { start, end } of without(extent, holes)) if (!(await areZeros(file, start, end))) return false;
    }
    return true;
  } finally {
    await file.close();
  }
}

async function areZeros(file: FileHandle, start: number, end: number): Promise<boolean> {
  const zeros = Buffer.alloc(chunk);
  for (let at = start; at < end;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(chunk), 0, Math.min(chunk, end - at), at);
    if (bytesRead === 0) return true;
    if (!buffer.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead))) return false;
    at += bytesRead;
  }
  return true;
}
