import { open } from 'node:fs/promises';
import { Failure } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import type { Extent } from './extent.js';
import { readsAsZeros } from './reads-as-zeros.js';
import type { Stretch } from './volume.js';

/** Sizes of a page of memory: the header of a swap area has one, with its signature at the end (mkswap(8)). */
const pageSizes = [4096, 8192, 16384, 65536];

/**
 * How long the header of a swap area is, in bytes: all after it may be memory that was swapped out.
 *
 * @param at where the area begins on the disk, in bytes
 * @returns undefined where there is no header of a Linux of today
 */
export async function swapHeaderLength(disk: string, at: number): Promise<number | undefined> {
  const file = await open(disk);
  try {
    for (const pageSize of pageSizes) {
      const { buffer } = await file.read(Buffer.alloc(10), 0, 10, at + pageSize - 10);
      if (/^(SWAPSPACE2|SWAP-SPACE)$/.test(buffer.toString('latin1'))) return pageSize;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/**
 * What of swap space may hold memory that was swapped out: all after its header, in which UUID and label stand.
 *
 * @param name what it is on, for messages
 * @throws Failure for swap space that is not of a Linux of today
 */
export async function swappedOut({ file, offset, size }: Stretch, name: string): Promise<Extent> {
  const header = await swapHeaderLength(file, offset);
  if (header !== undefined) return { start: offset + header, end: offset + size };
  throw new Failure(`the swap space on ${name} has no known header`);
}

/** Whether anything stands in swap space after its header. Holes are not read. */
export async function holdsSwappedMemory(host: Caller, { file, offset, size }: Stretch): Promise<boolean> {
  const header = await swapHeaderLength(file, offset);
  return header === undefined || !(await readsAsZeros(host, file, [{ start: offset + header, end: offset + size }]));
}
