/** A root file system that files can be read from. A symbolic link never leads out of it. */
export interface ReadableFileSystem {
  /** Names in a directory; none if there is no such directory. */
  names(directory: string): Promise<readonly string[]>;
  /**
   * Copies a regular file out of the image.
   *
   * @param path absolute in the image
   * @param to a file of this machine's, made or written over
   * @returns whether there is such a file
   */
  copyOut(path: string, to: string): Promise<boolean>;
}
