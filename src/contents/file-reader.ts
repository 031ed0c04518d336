/** Reads files of an installed system; the caller connects it with a disk. */
export interface FileReader {
  /** Names in a directory; none if there is no such directory. */
  names(directory: string): Promise<readonly string[]>;
  /** Copies a file of the system, by absolute path, to a file of this machine's; says whether there is one. */
  copyOut(path: string, to: string): Promise<boolean>;
}
