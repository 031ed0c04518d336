/** A run of bytes on a disk of the layout. */
export interface Piece {
  readonly disk: string;
  /** Bytes from the beginning of the disk. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** Where a device lies: one piece for a partition, one for each segment of a logical volume. */
export type Place = readonly Piece[];

/** Bytes. */
export function sizeOf(place: Place): number {
  return place.reduce((sum, { size }) => sum + size, 0);
}
