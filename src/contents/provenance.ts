import type { AnswerFileSum, Artifact, DerivedFrom, LockedFrom, Material } from './artifact.js';

export const statementType = 'https://in-toto.io/Statement/v1';
export const provenanceType = 'https://slsa.dev/provenance/v1';

/** What `externalParameters` and `resolvedDependencies` mean here: described in image-factory(1). */
const buildTypes = {
  installer: 'urn:image-factory:network-installation:1',
  derived: 'urn:image-factory:derivation:1',
  packageLock: 'urn:image-factory:packages:1',
} as const;

export interface ProvenanceInput {
  /** What the build left: the image and what describes it. */
  readonly artifacts: readonly Artifact[];
  readonly materials:
    | {
        readonly installer: { readonly netbootFiles: readonly Material[]; readonly answerFile: AnswerFileSum };
        readonly packageLock?: LockedFrom;
      }
    | { readonly derived: DerivedFrom }
    | { readonly packageLock: LockedFrom };
  /** Where packages came from, by the option or variable that names it; no credentials. */
  readonly mirrors: readonly { readonly name: string; readonly uri: string }[];
  /** The image's name. */
  readonly image: string;
  /** Options of the section that hold no secrets. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
  readonly builder: { readonly id: string; readonly version: string };
  /** ISO 8601, UTC. */
  readonly begun: string;
  readonly finished: string;
}

/** How an image came to be: an in-toto Statement v1 with the SLSA provenance v1 predicate. */
export function provenance(input: ProvenanceInput): object {
  const { artifacts, materials, mirrors, image, options, builder, begun, finished } = input;
  return {
    _type: statementType,
    subject: artifacts.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: provenanceType,
    predicate: {
      buildDefinition: {
        buildType: buildTypeOf(materials),
        externalParameters: { image, options },
        resolvedDependencies: [...dependencies(materials), ...mirrors],
      },
      runDetails: {
        builder: { id: builder.id, version: { 'image-factory': builder.version } },
        metadata: { startedOn: begun, finishedOn: finished },
      },
    },
  };
}

function buildTypeOf(materials: ProvenanceInput['materials']): string {
  if ('installer' in materials) return buildTypes.installer;
  return 'derived' in materials ? buildTypes.derived : buildTypes.packageLock;
}

function dependencies(materials: ProvenanceInput['materials']): object[] {
  if ('installer' in materials) {
    const { netbootFiles, answerFile } = materials.installer;
    return [
      ...netbootFiles.map(({ name, uri, sha256 }) => ({ name, uri, digest: { sha256 } })),
      { name: answerFile.name, digest: { sha256: answerFile.sha256 } },
      ...(materials.packageLock === undefined ? [] : [lockDependency(materials.packageLock)]),
    ];
  }
  if ('packageLock' in materials) return [lockDependency(materials.packageLock)];
  return Object.entries(materials.derived.inputs)
    .filter(([, sum]) => /^[0-9a-f]{64}$/.test(sum))
    .map(([name, sha256]) => ({ name, digest: { sha256 } }));
}

function lockDependency({ name = 'package lock', sha256 }: LockedFrom): object {
  return { name, digest: { sha256 } };
}

interface Statement {
  readonly _type: string;
  readonly predicateType: string;
  readonly subject: readonly { readonly name?: string; readonly digest?: { readonly sha256?: string } }[];
}

/** The sums that a statement gives its subjects, by name; undefined if it is no statement of this kind. */
export function subjectsOf(document: unknown): ReadonlyMap<string, string> | undefined {
  const { _type, predicateType, subject } = document as Partial<Statement>;
  if (_type !== statementType || predicateType !== provenanceType || !Array.isArray(subject)) return undefined;
  return new Map((subject as Statement['subject']).map(({ name, digest }) => [String(name), String(digest?.sha256)]));
}
