/** What is uploaded: the image first, its checksum last. */
export interface UploadFiles {
  readonly directory: string;
  /** File names in that directory. */
  readonly names: readonly string[];
}
