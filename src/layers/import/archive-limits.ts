/** What an archive may become at most. Whoever made it may want to fill the disk of whoever unpacks it. */
export interface ArchiveLimits {
  readonly entries: number;
  /** Bytes of all files. */
  readonly size: number;
  /** Bytes for each byte of a compressed archive. */
  readonly ratio: number;
}

/** Generous for a whole system: Debian with a desktop has about 300,000 files, 10 GB, and a ratio of 4. */
export const usualLimits: ArchiveLimits = { entries: 1_000_000, size: 64 * 2 ** 30, ratio: 250 };

/** Bytes that an archive may have before its ratio counts: a small one may well be nothing but zeros. */
export const ratioCountsFrom = 256 * 2 ** 20;
