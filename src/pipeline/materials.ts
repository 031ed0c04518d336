import { join } from 'node:path';
import type { AnswerFileSum, Material } from '../contents/artifact.js';
import { publicUri } from '../install/netboot-source.js';
import { cachedName } from '../install/netboot-cache.js';
import { describeFile } from './artifact.js';
import { left, type Build } from './build.js';
import { netbootSources } from './stages/fetch.js';

/** What the image was installed with. */
export async function materials(build: Build): Promise<{ netbootFiles: Material[]; answerFile: AnswerFileSum }> {
  const { name, sha256 } = await describeFile(build, left(build, 'answerFile'));
  return {
    netbootFiles: await netbootFiles(build),
    answerFile: { kind: build.spec.answerFile.kind, name, sha256 },
  };
}

/** The netboot files as the cache has them. */
async function netbootFiles(build: Build): Promise<Material[]> {
  const files: Material[] = [];
  for (const source of netbootSources(build.spec)) {
    const file = await describeFile(build, join(build.spec.cacheDir, cachedName(source.uri)));
    files.push({ ...file, uri: publicUri(source) });
  }
  return files;
}
