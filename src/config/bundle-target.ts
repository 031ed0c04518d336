import type { BundleCompression, BundleDemand, BundleFormatName, BundleSidecar } from './bundle-formats.js';

/** A target of bundles, as its section has it. Plain data. */
export interface BundleTarget {
  readonly name: string;
  readonly description: string;
  readonly format: BundleFormatName;
  /** One that the format has; undefined where it has only one kind. */
  readonly subformat: string | undefined;
  readonly compression: BundleCompression;
  /** What the name of its first file ends with. */
  readonly extension: string;
  /** A name with places to fill in, instead of `IMAGE-DATE.EXTENSION`. */
  readonly fileName: string | undefined;
  /** Bytes; the disk's size becomes a multiple of it. */
  readonly align: number | undefined;
  readonly options: Readonly<Record<string, string>>;
  readonly needs: readonly BundleDemand[];
  readonly wants: readonly BundleDemand[];
  /** Paths that are left out, or the name of a rule. */
  readonly omit: readonly string[];
  readonly sidecar: BundleSidecar | undefined;
  readonly properties: Readonly<Record<string, string>>;
}
