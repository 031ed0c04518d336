/** Bytes of a log that are shown: an installer's own have a few MiB, a file may claim to be as long as it likes. */
export const longestLog = 16 * 2 ** 20;

/** A root file system that can be freed of what the installer left, and of what its free blocks hold. */
export interface CleanableFileSystem {
  /** The installer's logs, one after the other, none longer than {@link longestLog}. */
  logs(): AsyncIterable<{ readonly path: string; readonly content: string }>;
  /** Removes the installer's leftovers; says what was removed. */
  removeLeftovers(): Promise<readonly string[]>;
  /** Makes every block that no file uses read as zeros. */
  zeroFreeBlocks(): Promise<void>;
}
