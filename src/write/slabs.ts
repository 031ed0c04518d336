import type { Extent } from '../disk/extent.js';

/** A part of a disk that is written in one go. */
export interface Slab extends Extent {
  /** Bytes of data in it; all else of it is zeros. */
  readonly data: number;
}

/** Where slabs may be cut, in bytes: what every device takes in one piece. */
const alignment = 2 ** 20;

/**
 * Cuts a disk into slabs with about as much data each, whatever lies between: so that progress is even, and little is done
 * again after an interruption.
 *
 * @param used what is data, in order
 * @param most bytes of data in a slab; it may be a MiB more
 */
export function slabs(size: number, used: readonly Extent[], most: number): Slab[] {
  const found: Slab[] = [];
  let start = 0;
  let data = 0;
  for (const extent of used) {
    for (let at = extent.start; at < extent.end;) {
      const cut = Math.ceil((at + Math.max(most - data, 0)) / alignment) * alignment;
      const end = Math.min(cut, extent.end);
      data += end - at;
      at = end;
      if (cut >= extent.end) break;
      found.push({ start, end, data });
      start = end;
      data = 0;
    }
  }
  if (start < size) found.push({ start, end: size, data });
  return found;
}
