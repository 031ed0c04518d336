/** What an installer, or the options of the section, add to the packages of groups; and what an installer needs itself. */
export interface InstallerRequest {
  /** Patterns and names. */
  readonly further: readonly {
    readonly name: string;
    readonly why: 'answer file' | 'installer' | `option ${string}`;
  }[];
  /** Packages that the section leaves out. */
  readonly leftOut: readonly string[];
  /** The suite of debian-installer's components, in the archive of the first of **package-sources**; undefined: it has none. */
  readonly udebSuite: string | undefined;
  /** See `PackageRequest`. */
  readonly components?: readonly string[];
}

/** Of an image of groups alone. */
export const noInstaller: InstallerRequest = { further: [], leftOut: [], udebSuite: undefined };
