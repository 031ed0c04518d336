/** What is uploaded: the image first, its sums and signatures last. */
export interface UploadFiles {
  readonly directory: string;
  /** File names in that directory. */
  readonly names: readonly string[];
  /** Container images in that directory, the one to prefer first; for registries. */
  readonly containers?: readonly ContainerImage[];
}

/** A container image, as skopeo names it (containers-transports(5)). */
export interface ContainerImage {
  readonly file: string;
  readonly transport: 'oci' | 'oci-archive' | 'docker-archive';
}
