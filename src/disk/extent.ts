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
export function join(extents: readonly Extent[]): Extent[] {
  const joined: Extent[] = [];
  for (const extent of extents) {
    const last = joined.at(-1);
    if (last?.end === extent.start) joined[joined.length - 1] = { start: last.start, end: extent.end };
    else joined.push(extent);
  }
  return joined;
}

/** What is left of an extent without others. */
export function without(space: Extent, taken: readonly Extent[]): Extent[] {
  const left: Extent[] = [];
  let from = space.start;
  for (const { start, end } of taken.toSorted((one, other) => one.start - other.start)) {
    if (start > from) left.push({ start: from, end: Math.min(start, space.end) });
    from = Math.max(from, end);
  }
  if (from < space.end) left.push({ start: from, end: space.end });
  return left.filter(({ start, end }) => start < end);
}
