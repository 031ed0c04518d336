import { readFile } from 'node:fs/promises';
import type { Made } from './making.js';

/** A file of a bundle. */
export interface BundleFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal; of a directory, that of the file with the sums of all files in it. */
  readonly sha256: string;
  readonly isDirectory?: true;
}

/** What is known of a bundle once it is made. Plain data. */
export interface BundleRecord {
  readonly target: string;
  readonly format: string;
  readonly subformat?: string;
  /** The bundle itself first. */
  readonly files: readonly BundleFile[];
  /** What it does not have of the system that it is made of. */
  readonly omitted?: readonly string[];
  /** Why the same source does not become the same bytes again. */
  readonly irreproducible?: string;
  /** How the disk in it was proven. */
  readonly proven?: 'booted' | 'compared';
  readonly disk?: Made['disk'];
}

/** `IMAGE-DATE.bundles.json`. */
export interface BundlesDocument {
  readonly schemaVersion: 1;
  readonly image: string;
  /** What all of them are made of: the image's file, or a layer. */
  readonly source: { readonly name: string; readonly sha256?: string };
  readonly bundles: readonly BundleRecord[];
}

/** The document of earlier bundles; undefined where there is none that can be read. */
export async function readBundles(file: string): Promise<BundlesDocument | undefined> {
  try {
    const document = JSON.parse(await readFile(file, 'utf8')) as Partial<BundlesDocument>;
    if (document.schemaVersion !== 1 || !Array.isArray(document.bundles)) return undefined;
    return document as BundlesDocument;
  } catch {
    return undefined;
  }
}

/**
 * The document with further bundles; those of a target that was made before are replaced. What is made of one of its bundles is
 * a bundle of the same image.
 */
export function withBundles(
  earlier: BundlesDocument | undefined,
  { image, source }: Pick<BundlesDocument, 'image' | 'source'>,
  made: readonly BundleRecord[],
): BundlesDocument {
  const isSame = earlier?.source.name === source.name && earlier.source.sha256 === source.sha256;
  const isOfBundle = earlier?.bundles.some(({ files }) => files.some(({ name }) => name === source.name)) === true;
  const kept = isSame || isOfBundle ? earlier.bundles : [];
  const others = kept.filter(({ target }) => !made.some((one) => one.target === target));
  return { schemaVersion: 1, image, source: isOfBundle ? earlier.source : source, bundles: [...others, ...made] };
}

/** The files of bundles, without directories, which have no sum of their own. */
export function bundledFiles(bundles: readonly BundleRecord[] = []): { name: string; bytes: number; sha256: string }[] {
  return bundles.flatMap(({ files }) =>
    files.flatMap(({ name, bytes, sha256, isDirectory }) => (isDirectory ? [] : [{ name, bytes, sha256 }])),
  );
}

/** Every file that bundles leave beside the image, with what vouches for each. */
export function filesOfBundles(bundles: readonly BundleRecord[]): string[] {
  return bundledFiles(bundles).flatMap(({ name }) => [name, `${name}.sha256sum`]);
}
