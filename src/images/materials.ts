import type { AnswerFileSum, Material } from '../contents/artifact.js';
import { cachedName, publicUri } from '../sources/netboot-source.js';
import { describeFile } from './artifact.js';
import { left, type Build } from './build.js';
import { netbootSources } from './stages/fetch.js';

/** What the image was installed with. */
export async function materials(build: Build): Promise<{ netbootFiles: Material[]; answerFile: AnswerFileSum }> {
  const { name, sha256 } = await describeFile(build, left(build, 'answerFile'));
  return {
    netbootFiles: netbootFiles(build),
    answerFile: { kind: build.spec.origin.answerFile.kind, name, sha256 },
  };
}

/** The netboot files, and what vouched for them, as they were when the installation began. */
function netbootFiles(build: Build): Material[] {
  const fetched = new Map(left(build, 'netbootFiles').map((file) => [file.name, file]));
  return netbootSources(build.spec).flatMap((source) => {
    const file = fetched.get(source.option);
    if (file === undefined) return [];
    const { sha256, bytes, verified } = file;
    return [{ name: cachedName(source.uri), uri: publicUri(source), sha256, bytes, verified }];
  });
}
