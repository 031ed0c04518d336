import { describeFile } from '../artifacts/write.js';
import { installOrigin, type ImageSpec } from '../config/image-spec.js';
import type { AnswerFileSum, Material } from '../contents/artifact.js';
import type { Caller } from '../host/host.js';
import { netbootSources } from '../sources/netboot-source.js';
import type { BuildState } from './build.js';

/** What the image was installed with. */
export async function materials(
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
  return netbootSources(spec).flatMap(({ option, from }) => {
    const file = fetched.get(option);
    if (file === undefined) return [];
    const { sha256, bytes, verified } = file;
    return [{ name: from.name, uri: from.publicUri, sha256, bytes, verified }];
  });
}
