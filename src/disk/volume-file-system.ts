import type { Place } from './place.js';

/** Bytes of a log that are shown: an installer's own have a few MiB, a file may claim to be as long as it likes. */
export const longestLog = 16 * 2 ** 20;

export interface InstallerLog {
  /** As the system has it. */
  readonly path: string;
  readonly content: string;
}

/**
 * A file system on a volume of an installed disk. All paths are those of the installed system, for a place where the
 * volume, or a subvolume of it, is mounted there. A symbolic link never leads out of the volume.
 */
export interface VolumeFileSystem {
  /** Brings the file system into a state in which it can be read, as after an unmount; before anything else is asked. */
  prepare(): Promise<void>;
  /** Subvolumes, as paths from the top, first the one that is mounted where none is named; `/` is the top. */
  subvolumes(): Promise<readonly string[]>;
  /** Which of the paths that patterns name are there. */
  present(place: Place, patterns: readonly string[]): Promise<readonly string[]>;
  /** Names in a directory; none if there is no such directory. */
  names(directory: string, place: Place): Promise<readonly string[]>;
  /**
   * Copies a regular file out of the image.
   *
   * @param path absolute in the system
   * @param to a file of this machine's, made or written over
   * @returns whether there is such a file
   */
  copyOut(path: string, to: string, place: Place): Promise<boolean>;
  /** The installer's logs, one after the other, none longer than {@link longestLog}. */
  logs(place: Place): AsyncIterable<InstallerLog>;
  /** Removes the installer's leftovers; says what was removed. */
  removeLeftovers(place: Place): Promise<readonly string[]>;
  /**
   * Makes a file to which the system swaps read as zeros after its header, the first page. Its blocks stay its own.
   *
   * @param path absolute in the system; nothing is done where there is no such file
   */
  zeroSwapFile(path: string, place: Place): Promise<void>;
  /** Makes every block that no file uses read as zeros. */
  zeroFreeBlocks(): Promise<void>;
}
