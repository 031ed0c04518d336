/** A run of bytes on a disk, from its beginning up to, and without, its end. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Whether every byte of some extents lies in others, which stand in order and don't overlap. */
export function covers(cover: readonly Extent[], covered: readonly Extent[]): boolean {
  const joined = join(cover);
  return covered.every(({ start, end }) => joined.some((extent) => extent.start <= start && end <= extent.end));
}

/** Neighbours that touch, as one. */
function join(extents: readonly Extent[]): Extent[] {
  const joined: Extent[] = [];
  for (const extent of extents) {
    const last = joined.at(-1);
    if (last?.end === extent.start) joined[joined.length - 1] = { start: last.start, end: extent.end };
    else joined.push(extent);
  }
  return joined;
}
