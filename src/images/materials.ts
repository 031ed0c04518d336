import { posix } from 'node:path';
import { describeFile } from '../artifacts/write.js';
import { installOrigin, type ImageSpec } from '../config/image-spec.js';
import type { AnswerFileSum, DerivedFrom, LockedFrom, Material, StoredTree } from '../contents/artifact.js';
import type { Caller } from '../host/host.js';
import { netbootSources } from '../sources/netboot-source.js';
import type { BuildState } from './build.js';

/** What an image was made of: an installer and its answer file, a parent and changes, or packages. */
export type Materials =
  | {
      readonly installer: { readonly netbootFiles: readonly Material[]; readonly answerFile: AnswerFileSum };
      readonly packageLock?: LockedFrom;
    }
  | { readonly derived: DerivedFrom }
  | { readonly packageLock: LockedFrom; readonly tree?: StoredTree };

/** @throws Error if a stage before has not left what it was made of: a fault of the recipe, not of the user */
export async function materials(host: Caller, spec: ImageSpec, state: BuildState): Promise<Materials> {
  const { answerFile, netbootFiles: files, node } = state;
  if (node !== undefined && spec.origin.kind === 'derive') {
    const { id, layer, contentId, inputs } = node;
    return { derived: { parent: spec.origin.parent, node: id, layer, contentId, inputs } };
  }
  const packageLock = lockedFrom(state);
  if (packageLock !== undefined && spec.origin.kind === 'bootstrap') {
    return { packageLock, ...(node && { tree: { node: node.id, layer: node.layer, contentId: node.contentId } }) };
  }
  if (answerFile === undefined || files === undefined)
    throw new Error(`${spec.name}: nothing is known of what it was made of`);
  const installer = await installerOf(host, spec, { answerFile, netbootFiles: files });
  return { installer, ...(packageLock && { packageLock }) };
}

function lockedFrom({ packageLock }: BuildState): LockedFrom | undefined {
  if (packageLock === undefined) return undefined;
  const { copy: _copy, ...shown } = packageLock;
  void _copy;
  return shown;
}

async function installerOf(
  host: Caller,
  spec: ImageSpec,
  state: Required<Pick<BuildState, 'answerFile' | 'netbootFiles'>>,
): Promise<{ netbootFiles: Material[]; answerFile: AnswerFileSum }> {
  const { name, sha256 } = await describeFile(host, state.answerFile);
  return {
    netbootFiles: netbootFiles(spec, state.netbootFiles),
    answerFile: { kind: installOrigin(spec).answerFile.kind, name, sha256 },
  };
}

/** The netboot files, and what vouched for them, as they were when the installation began. */
function netbootFiles(spec: ImageSpec, files: NonNullable<BuildState['netbootFiles']>): Material[] {
  const fetched = new Map(files.map((file) => [file.name, file]));
  return netbootSources(spec).flatMap(({ option, from, holds }) => {
    const described = (name: string, publicName: string, uri: string) => {
      const file = fetched.get(name);
      if (file === undefined) return [];
      const { sha256, bytes, verified } = file;
      return [{ name: publicName, uri, sha256, bytes, verified }];
    };
    const taken =
      holds === undefined
        ? []
        : ([
            ['linux', holds.linux],
            ['initrd', holds.initrd],
          ] as const);
    const inside = taken.flatMap(([name, path]) => described(name, posix.basename(path), `${from.publicUri}#${path}`));
    return [...described(option, from.name, from.publicUri), ...inside];
  });
}
