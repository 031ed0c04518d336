/** What a file that a build leaves is for. */
type Purpose =
  /** The image itself. */
  | 'image'
  /** Says what is in the image, or how it came to be. */
  | 'description'
  /** Vouches for the image and what describes it. */
  | 'promise'
  /** Tells how the build went. */
  | 'record'
  /** Something that is no image, and must not be taken for one. */
  | 'remains';

/** A kind of file that a build leaves. */
interface ArtifactKind {
  /** For people: 'the manifest'. */
  readonly what: string;
  readonly purpose: Purpose;
  /** @param base `IMAGE-DATE` @param image the image's file name */
  readonly fileName: (base: string, image: string) => string;
  /** Whether a signature of it is made where the section asks for signatures. */
  readonly signed?: boolean;
  /** Goes to every destination, also to one that takes only the image. */
  readonly alwaysUploaded?: boolean;
}

/**
 * Every file that a build leaves in the output directory, in the order in which it is uploaded: the image first, what
 * vouches for the rest last. Names, sums, signatures, uploads, `verify`, and the list in the manual follow from this
 * table.
 */
export const artifactKinds = {
  image: { what: 'the image', purpose: 'image', fileName: (_, image) => image, alwaysUploaded: true },
  sbom: { what: 'the bill of materials', purpose: 'description', fileName: (base) => `${base}.cdx.json` },
  manifest: { what: 'the manifest', purpose: 'description', fileName: (base) => `${base}.manifest.json` },
  provenance: { what: 'the provenance', purpose: 'description', fileName: (base) => `${base}.provenance.json` },
  checksum: {
    what: 'the checksum',
    purpose: 'promise',
    fileName: (_, image) => `${image}.sha256sum`,
    signed: true,
    alwaysUploaded: true,
  },
  sums: {
    what: 'the sums of all artifacts',
    purpose: 'promise',
    fileName: (base) => `${base}.SHA256SUMS`,
    signed: true,
  },
  log: { what: 'the log', purpose: 'record', fileName: (base) => `${base}.log` },
  events: { what: 'the events of the build', purpose: 'record', fileName: (base) => `${base}.events.jsonl` },
  consoleLog: { what: "the installer's console", purpose: 'record', fileName: (base) => `${base}.console.log` },
  bootLog: { what: 'the console of the boot test', purpose: 'record', fileName: (base) => `${base}.boot.log` },
  bootScreenshot: {
    what: 'the last screen of the boot test',
    purpose: 'record',
    fileName: (base) => `${base}.boot.png`,
  },
  keptRawDisk: { what: 'the raw disk (keep-raw)', purpose: 'remains', fileName: (base) => `${base}.raw` },
  unproven: {
    // A name that no pattern such as *.qcow2 takes for an image.
    what: 'an image that failed its boot test',
    purpose: 'remains',
    fileName: (_, image) => `${image}.unproven`,
  },
} as const satisfies Record<string, ArtifactKind>;

export type ArtifactRole = keyof typeof artifactKinds;

/** The name, or path, of each artifact. */
export type ArtifactFiles = Readonly<Record<ArtifactRole, string>>;

const kinds = Object.entries(artifactKinds) as [ArtifactRole, ArtifactKind][];

/** What a build may leave, without directories. @param base `IMAGE-DATE` @param image the image's file name */
export function artifactNames(base: string, image: string): ArtifactFiles {
  return Object.fromEntries(kinds.map(([role, { fileName }]) => [role, fileName(base, image)])) as ArtifactFiles;
}

/** The roles of the artifacts that are for one of these purposes, in the order of the table. */
export function rolesFor(...purposes: readonly Purpose[]): ArtifactRole[] {
  return kinds.filter(([, { purpose }]) => purposes.includes(purpose)).map(([role]) => role);
}

/** The roles of the artifacts of which signatures are made. */
export const signedRoles: readonly ArtifactRole[] = kinds.filter(([, { signed }]) => signed).map(([role]) => role);

export function isAlwaysUploaded(role: ArtifactRole): boolean {
  return (artifactKinds[role] as ArtifactKind).alwaysUploaded ?? false;
}

/** How a signature is made, and what the name of its file ends with. */
export const signatureSuffixes = { gpg: '.asc', ssh: '.sig' } as const;

export type SignatureKind = keyof typeof signatureSuffixes;

/** The file with the detached signature of a file. */
export function signatureOf(file: string, by: SignatureKind): string {
  return `${file}${signatureSuffixes[by]}`;
}
