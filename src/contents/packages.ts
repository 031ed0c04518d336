/** An installed package, as the system's own database names it. */
export interface Package {
  readonly name: string;
  /** With epoch and release: `2:9.1.1230-2`. */
  readonly version: string;
  /** In the words of the distribution: `amd64`, `x86_64`, `all`, `noarch`. */
  readonly architecture: string;
  /** The source package, where it has another name or version: `vim`, `openssl (3.5.1-1)`, `bash-5.2.26-3.fc40.src.rpm`. */
  readonly source?: string;
}

/** What is installed; or why that can't be told. */
export type InstalledPackages =
  | { readonly format: 'deb' | 'rpm'; readonly packages: readonly Package[] }
  | { readonly format: 'unknown'; readonly reason: string };

/** By name, then architecture, then version: the same system gives the same list. */
export function sorted(packages: readonly Package[]): Package[] {
  const key = ({ name, architecture, version }: Package) => `${name}\0${architecture}\0${version}`;
  return [...packages].sort((one, other) => (key(one) < key(other) ? -1 : 1));
}
