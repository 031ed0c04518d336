import { createHash } from 'node:crypto';
import type { Artifact } from './artifact.js';
import { withSerialNumber } from './cyclonedx.js';

/** A file that has another name now. One that was written again has other bytes as well. */
export interface PromotedFile {
  readonly from: string;
  readonly to: string;
  readonly sha256: string;
  readonly bytes?: number;
}

/** What is known of an image that has got another name. */
export interface Promotion {
  /** The images' names. */
  readonly from: string;
  readonly to: string;
  /** The package lock under the new name, of an image that has one. */
  readonly lock?: { readonly name: string; readonly text: string };
  /** The SHA-256 of the manifest that the image had, if it had one. */
  readonly manifest?: string;
  readonly renamed: readonly PromotedFile[];
}

/** What a document says of an image under its new name. How it was built, and when, stays as it was. */
export function promotedDocument(
  role: 'sbom' | 'manifest' | 'provenance',
  document: object,
  promotion: Promotion,
): object {
  return documents[role](document as never, promotion);
}

interface ManifestLike {
  readonly file: Artifact;
  readonly artifacts: readonly Artifact[];
  readonly bundles?: readonly { readonly files: readonly string[] }[];
}

interface ProvenanceLike {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicate: { readonly buildDefinition: { readonly resolvedDependencies: readonly object[] } };
}

interface SbomLike {
  readonly metadata: { readonly component: { readonly name: string } };
}

const documents = {
  manifest: (document: ManifestLike, { from, to, lock, manifest, renamed }: Promotion) => ({
    ...document,
    image: to,
    file: { ...document.file, name: newName(renamed, document.file.name) },
    artifacts: document.artifacts.map((each) => {
      const now = renamed.find((file) => file.from === each.name);
      return now === undefined ? each : { name: now.to, bytes: now.bytes ?? each.bytes, sha256: now.sha256 };
    }),
    ...(document.bundles && {
      bundles: document.bundles.map((each) => ({ ...each, files: each.files.map((name) => newName(renamed, name)) })),
    }),
    ...(lock && {
      packageLock: {
        name: lock.name,
        sha256: createHash('sha256').update(lock.text).digest('hex'),
        packages: (JSON.parse(lock.text) as { packages: unknown[] }).packages.length,
      },
    }),
    promotedFrom: { image: from, file: document.file.name, manifest },
  }),
  provenance: (document: ProvenanceLike, { renamed }: Promotion) => ({
    ...document,
    subject: document.subject.map((each) => {
      const now = renamed.find((file) => file.from === each.name);
      return now === undefined ? each : { name: now.to, digest: { sha256: now.sha256 } };
    }),
  }),
  sbom: (document: SbomLike, { to, renamed }: Promotion) => {
    const { component } = document.metadata;
    const named = { ...component, name: newName(renamed, component.name), description: `The image ${to}` };
    return withSerialNumber({ ...document, metadata: { ...document.metadata, component: named } });
  },
};

function newName(renamed: readonly PromotedFile[], name: string): string {
  return renamed.find((file) => file.from === name)?.to ?? name;
}
