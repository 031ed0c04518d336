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
  /** Where the slab ends, once it has enough. */
  let cut: number | undefined;
  for (const extent of used) {
    let at = extent.start;
    while (at < extent.end) {
      if (cut === undefined && at + most - data <= extent.end) {
        cut = Math.ceil((at + most - data) / alignment) * alignment;
      }
      if (cut === undefined || cut >= extent.end) {
        data += extent.end - at;
        break;
      }
      // A hole may lie between, in which the slab ends.
      data += Math.max(cut - at, 0);
      found.push({ start, end: cut, data });
      start = cut;
      at = Math.max(at, cut);
      data = 0;
      cut = undefined;
    }
  }
  if (start < size) found.push({ start, end: size, data });
  return found;
}
