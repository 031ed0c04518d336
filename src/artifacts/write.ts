import { rename, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sha256Of } from '../host/digest.js';
import type { Caller } from '../host/host.js';
import { silentLog } from '../host/log.js';

/** Where an artifact is written until it is whole: a directory on the file system of the artifact. */
export interface Unfinished {
  readonly workDir: string;
}

/** Writes an artifact. From the moment that it has its name it is whole. */
export async function writeArtifact(
  host: Caller,
  { workDir }: Unfinished,
  path: string,
  content: string,
): Promise<void> {
  const unfinished = join(workDir, basename(path));
  await writeFile(unfinished, content);
  await rename(unfinished, path);
  host.log.info(`Wrote ${path}`);
}

/** Writes an artifact in JSON, as {@link writeArtifact} does. */
export async function writeDocument(host: Caller, place: Unfinished, path: string, document: object): Promise<void> {
  await writeArtifact(host, place, path, `${JSON.stringify(document, undefined, 2)}\n`);
}

/** Name, size in bytes and SHA-256 sum of a small file. The image's own are left by the stage `checksum`. */
export async function describeFile(
  { signal }: Pick<Caller, 'signal'>,
  path: string,
): Promise<{ name: string; bytes: number; sha256: string }> {
  const sha256 = await sha256Of({ log: silentLog, signal }, path);
  return { name: basename(path), bytes: (await stat(path)).size, sha256 };
}
