import type { AnswerFileSum, Artifact, DerivedFrom, LockedFrom, Material, StoredTree } from './artifact.js';
import type { PromotedFrom } from './artifact.js';
import type { Distribution } from './distribution.js';
import type { Inventory } from './inventory.js';
import type { Package } from './packages.js';

/** `<image>-<date>.manifest.json`; docs/manifest.schema.json describes it for other programs. */
export interface Manifest {
  readonly schemaVersion: 1;
  /** The section of the configuration: `debian-13`. */
  readonly image: string;
  /** The finished image. */
  readonly file: Artifact & { readonly format: string };
  readonly distribution: Distribution;
  readonly kernels: readonly string[];
  /** Absent where the packages can't be told; `packagesUnknown` says why. */
  readonly packageFormat?: 'deb' | 'rpm';
  readonly packages?: readonly Package[];
  readonly packagesUnknown?: string;
  /** Absent where the image is an archive of files. */
  readonly disk?: ManifestDisk;
  /** What lies beside the image and was finished before the manifest. */
  readonly artifacts: readonly Artifact[];
  /** What was made of the image for other platforms; absent where nothing was. */
  readonly bundles?: readonly ManifestBundle[];
  readonly installer?: { readonly netbootFiles: readonly Material[]; readonly answerFile: AnswerFileSum };
  /** Of an image that was not installed. */
  readonly derived?: DerivedFrom;
  /** Of one that was made from packages alone. */
  readonly packageLock?: LockedFrom;
  /** Of one that was made from packages alone, and not installed. */
  readonly tree?: StoredTree;
  /** Of an image that was built under another name. */
  readonly promotedFrom?: PromotedFrom;
  /** What machines from the image would share, or carry along; absent where it was not looked for. */
  readonly golden?: ManifestCheck;
  readonly build: {
    readonly tool: { readonly name: 'image-factory'; readonly version: string };
    /** ISO 8601, UTC. */
    readonly begun: string;
    readonly stages: readonly { readonly name: string; readonly seconds: number }[];
    /** The programs that the build called, by name, with what they say of their version. */
    readonly programs: Readonly<Record<string, string>>;
  };
}

export interface ManifestBundle {
  readonly target: string;
  readonly format: string;
  /** Names; the bundle itself first. */
  readonly files: readonly string[];
  /** Paths that it lacks. */
  readonly omitted?: readonly string[];
}

export interface ManifestCheck {
  /** How many rules counted; image-factory.conf(5), GOLDEN IMAGES, has them. */
  readonly rules: number;
  /** Rules that did not count. */
  readonly except: readonly string[];
  readonly findings: readonly {
    readonly rule: string;
    readonly level: 'error' | 'warning' | 'note';
    readonly path: string;
    readonly detail?: string;
  }[];
}

export interface ManifestDisk {
  readonly bytes: number;
  /** `dos` or `gpt`. */
  readonly label: string;
  readonly partitions: readonly {
    readonly number: number;
    /** Bytes. */
    readonly offset: number;
    readonly size: number;
    /** MBR type in hexadecimal or GPT type GUID. */
    readonly type: string;
    readonly fileSystem?: string | undefined;
  }[];
  /** Of LVM, where there are any. */
  readonly volumeGroups?: readonly {
    readonly name: string;
    readonly volumes: readonly {
      readonly name: string;
      /** Bytes. */
      readonly size: number;
      readonly fileSystem?: string | undefined;
    }[];
  }[];
}

/** All that the build knows, in the order in which a reader wants it. */
export function manifest(
  { distribution, kernels, installed }: Inventory,
  known: Pick<
    Manifest,
    | 'image'
    | 'file'
    | 'disk'
    | 'artifacts'
    | 'bundles'
    | 'installer'
    | 'derived'
    | 'packageLock'
    | 'tree'
    | 'golden'
    | 'build'
  >,
): Manifest {
  const { image, file, disk, artifacts, bundles, installer, derived, packageLock, tree, golden, build } = known;
  const packages =
    installed.format === 'unknown'
      ? { packagesUnknown: installed.reason }
      : { packageFormat: installed.format, packages: installed.packages };
  const checked = golden === undefined ? {} : { golden };
  return {
    schemaVersion: 1,
    image,
    file,
    distribution,
    kernels,
    ...(disk === undefined ? {} : { disk }),
    artifacts,
    ...(bundles === undefined || bundles.length === 0 ? {} : { bundles }),
    ...(installer === undefined ? {} : { installer }),
    ...(derived === undefined ? {} : { derived }),
    ...(packageLock === undefined ? {} : { packageLock }),
    ...(tree === undefined ? {} : { tree }),
    ...checked,
    build,
    ...packages,
  };
}

/** What a manifest says of its image's file; undefined if it is no manifest of a kind that is known here. */
export function fileInManifest(document: unknown): Artifact | undefined {
  const { schemaVersion, file } = document as Partial<Manifest>;
  if (schemaVersion !== 1 || typeof file !== 'object' || file === null) return undefined;
  return { name: String(file.name), bytes: Number(file.bytes), sha256: String(file.sha256) };
}
