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
  /** For messages: 'the manifest'. */
  readonly what: string;
  /** What is in it, in a sentence or two; markdown as in a man page. */
  readonly doc: string;
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
  image: {
    what: 'the image',
    doc: "The image. It appears under this name when it is whole and has passed its boot test. The date is that of the build's beginning, in local time; a second build on the same day replaces the first one's files.",
    purpose: 'image',
    fileName: (_, image) => image,
    alwaysUploaded: true,
  },
  sbom: {
    what: 'the bill of materials',
    doc: 'The software bill of materials, CycloneDX 1.6, each package with its package URL.',
    purpose: 'description',
    fileName: (base) => `${base}.cdx.json`,
  },
  manifest: {
    what: 'the manifest',
    doc: "The manifest: distribution, kernels, packages, disk layout, netboot files and answer file with their sums (never the answer file's content), times of the stages, versions of the programs called. Its JSON schema is *share/doc/image-factory/manifest.schema.json* below the prefix of the installation, */usr/local* or */usr*. Where the package database can't be read, it says why, and the log warns.",
    purpose: 'description',
    fileName: (base) => `${base}.manifest.json`,
  },
  provenance: {
    what: 'the provenance',
    doc: "An in-toto Statement v1 with the SLSA provenance v1 predicate. The build type is *urn:image-factory:network-installation:1*: **externalParameters** are the image's name and those options that hold no secrets (no kernel arguments, commands, or variables); **resolvedDependencies** are the netboot files, the answer file, and the mirrors and repositories that the answer file or the kernel arguments name, without credentials.",
    purpose: 'description',
    fileName: (base) => `${base}.provenance.json`,
  },
  checksum: {
    what: 'the checksum',
    doc: "The image's checksum, for **sha256sum --check**. A raw disk that is kept beside an image of another format has none.",
    purpose: 'promise',
    fileName: (_, image) => `${image}.sha256sum`,
    signed: true,
    alwaysUploaded: true,
  },
  sums: {
    what: 'the sums of all artifacts',
    doc: 'With **sign**: the sums of the image and of all files above.',
    purpose: 'promise',
    fileName: (base) => `${base}.SHA256SUMS`,
    signed: true,
  },
  bundles: {
    what: 'the list of bundles',
    doc: 'With **bundles**: the files of each target with their sums, what a bundle leaves out of the system, and how its disk was proven.',
    purpose: 'record',
    fileName: (base) => `${base}.bundles.json`,
  },
  log: {
    what: 'the log',
    doc: 'The log, if **log-file** is set: plain lines, every command included.',
    purpose: 'record',
    fileName: (base) => `${base}.log`,
  },
  events: {
    what: 'the events of the build',
    doc: 'What happened in the build, one JSON object a line; see **EVENTS**.',
    purpose: 'record',
    fileName: (base) => `${base}.events.jsonl`,
  },
  consoleLog: {
    what: "the installer's console",
    doc: "The installer's serial console, also of a build that failed. Look here first when an installation fails.",
    purpose: 'record',
    fileName: (base) => `${base}.console.log`,
  },
  bootLog: {
    what: 'the console of the boot test',
    doc: 'The serial console of the boot test, also of one that failed. Further boots have *boot-HOW.log* and *boot-HOW.png*, such as *boot-uefi-nvme.log*.',
    purpose: 'record',
    fileName: (base) => `${base}.boot.log`,
  },
  bootScreenshot: {
    what: 'the last screen of the boot test',
    doc: 'The last screen of the boot test.',
    purpose: 'record',
    fileName: (base) => `${base}.boot.png`,
  },
  keptRawDisk: {
    what: 'the raw disk',
    doc: 'With **keep-raw**: the raw disk that the image was made of.',
    purpose: 'remains',
    fileName: (base) => `${base}.raw`,
  },
  unproven: {
    what: 'an image that failed its boot test',
    // A name that no pattern such as *.qcow2 takes for an image.
    doc: 'An image that failed its boot test. It has no checksum. Boot it by hand to see why; if it is good, remove the last part of its name. The next build of the same day that succeeds removes it.',
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

/**
 * What an image's artifacts have in common: `web-2026-01-02` of `web-2026-01-02.qcow2`, and of its bundle
 * `web-2026-01-02.oci.tar`. Of a name without a date, what stands before its extension.
 */
export function baseNameOf(image: string): string {
  const [dated] = /^.+-\d{4}-\d{2}-\d{2}(?=\.)/.exec(image) ?? [];
  if (dated !== undefined) return dated;
  return image.replace(/(?<=.)(?:\.tar)?\.[A-Za-z][A-Za-z0-9]*$/, '');
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

/** The same for a further boot of the boot test; an empty tag is that of the first. */
export function bootRecords(
  { bootLog, bootScreenshot }: Pick<ArtifactFiles, 'bootLog' | 'bootScreenshot'>,
  tag: string,
): Pick<ArtifactFiles, 'bootLog' | 'bootScreenshot'> {
  const tagged = (file: string) => (tag === '' ? file : file.replace(/\.boot(?=\.\w+$)/, `.boot-${tag}`));
  return { bootLog: tagged(bootLog), bootScreenshot: tagged(bootScreenshot) };
}

/** Whether a file in the output directory is one of {@link bootRecords} of a further boot. */
export function isFurtherBootRecord(bootLog: string, name: string): boolean {
  const [, base = ''] = /([^/]*)\.log$/.exec(bootLog) ?? [];
  return name.startsWith(`${base}-`) && /^[a-z0-9-]+\.(log|png)$/.test(name.slice(base.length + 1));
}
