/** What is uploaded: the image first, its sums and signatures last. */
export interface UploadFiles {
  readonly directory: string;
  /** File names in that directory. */
  readonly names: readonly string[];
}
