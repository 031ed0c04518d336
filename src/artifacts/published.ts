import {
  isAlwaysUploaded,
  rolesFor,
  signatureOf,
  signatureSuffixes,
  signedRoles,
  type ArtifactFiles,
  type ArtifactRole,
  type SignatureKind,
} from './table.js';

/** What a section asks for beside the image and its checksum. */
export interface Wanted {
  readonly sbom: boolean;
  readonly manifest: boolean;
  readonly provenance: boolean;
  /** Undefined: nothing is signed. */
  readonly signing: SignatureKind | undefined;
}

/** What a build publishes, the image first; what vouches for the rest comes last. */
export function published(files: ArtifactFiles, wanted: Wanted): string[] {
  return [
    files.image,
    ...descriptions(wanted).map((role) => files[role]),
    files.checksum,
    ...(wanted.signing === undefined ? [] : [files.sums, ...signatures(files, wanted.signing)]),
  ];
}

/** What of it goes to a destination that takes only the image. */
export function imageAlone(files: ArtifactFiles): string[] {
  return rolesFor('image', 'promise')
    .filter(isAlwaysUploaded)
    .map((role) => files[role]);
}

/** The roles of what describes the image, as far as it is asked for. */
export function descriptions(wanted: Wanted): ArtifactRole[] {
  return rolesFor('description').filter((role) => wanted[role as keyof Wanted]);
}

/** Everything that may lie beside an earlier image of the same name and speak of it, whatever that build was asked for. */
export function companions(files: ArtifactFiles): string[] {
  const kinds = Object.keys(signatureSuffixes) as SignatureKind[];
  const promises = rolesFor('promise', 'description').map((role) => files[role]);
  // What vouches for the others goes first.
  return [...kinds.flatMap((by) => signatures(files, by)), ...promises.toReversed()];
}

function signatures(files: ArtifactFiles, by: SignatureKind): string[] {
  return signedRoles.map((role) => signatureOf(files[role], by));
}
