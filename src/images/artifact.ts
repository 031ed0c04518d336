import { rename, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Artifact } from '../contents/artifact.js';
import { silentLog } from '../host/log.js';
import { sha256Of } from '../host/digest.js';
import type { Build } from './build.js';

/** Writes an artifact, whole from the moment that it has its name. */
export async function writeArtifact(build: Build, path: string, content: string): Promise<void> {
  const unfinished = join(build.paths.workDir, basename(path));
  await writeFile(unfinished, content);
  await rename(unfinished, path);
  build.log.info(`Wrote ${path}`);
}

export async function writeDocument(build: Build, path: string, document: object): Promise<void> {
  await writeArtifact(build, path, `${JSON.stringify(document, undefined, 2)}\n`);
}

/** Small files only, without progress: for the image, the stage `checksum` has left what this tells. */
export async function describeFile({ signal }: Pick<Build, 'signal'>, path: string): Promise<Artifact> {
  const sha256 = await sha256Of({ log: silentLog, signal }, path);
  return { name: basename(path), bytes: (await stat(path)).size, sha256 };
}
