import { createHash } from 'node:crypto';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build, BuildPaths, BuildState } from '../images/build.js';
import type { Stage } from './stage.js';

/** What the state file of a build says: enough to clear up after it when it was killed, and to go on with it. */
export interface StateFile {
  readonly image: string;
  readonly processId: number;
  readonly connect: string;
  /** Each with the disk by which it is known to be this build's. */
  readonly domains: readonly { readonly name: string; readonly disk: string }[];
  readonly diskDir: string;
  /** The stages that have ended, by name, each with the digest of what it was asked for. */
  readonly finished: Readonly<Record<string, string>>;
  /** The disk and the image as the last of them left them: path and fingerprint. */
  readonly files: Readonly<Record<string, string>>;
  readonly state: BuildState;
}

/** Writes the state file; a reader finds the old one or the new one, never half of one. */
export async function saveState(build: Build, finished: StateFile['finished']): Promise<void> {
  const { spec, paths, domain, bootDomain, state } = build;
  const content: StateFile = {
    image: spec.name,
    processId: process.pid,
    connect: spec.connect,
    domains: [
      { name: domain, disk: paths.rawDisk },
      { name: bootDomain, disk: paths.bootOverlay },
    ],
    diskDir: paths.diskDir,
    finished,
    files: await fingerprints(paths),
    state,
  };
  const file = stateFile(paths.workDir);
  await writeFile(`${file}.part`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.part`, file);
}

/** undefined where there is none that can be read. */
export async function readState(workDir: string): Promise<StateFile | undefined> {
  return readFile(stateFile(workDir), 'utf8').then(
    (text) => JSON.parse(text) as StateFile,
    () => undefined,
  );
}

function stateFile(workDir: string): string {
  return join(workDir, 'state.json');
}

/** Of what a stage is asked for: it shows that the section has changed, and tells nothing of what stands in it. */
export async function inputsDigest(stage: Stage, build: Build): Promise<string> {
  const inputs = (await stage.inputs(build)) ?? null;
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}

async function fingerprints({ rawDisk, candidate }: BuildPaths): Promise<StateFile['files']> {
  const found: Record<string, string> = {};
  for (const path of [rawDisk, candidate]) {
    const fingerprint = await fingerprintOf(path);
    if (fingerprint !== undefined) found[path] = fingerprint;
  }
  return found;
}

/**
 * Tells a file that was written to from one that was not, without reading a disk of many gigabytes: inode, size and
 * the time of the last change in nanoseconds. It counts only while the machine runs: what was in memory when a machine
 * went down may be missing in a file of the right size and time.
 */
export async function fingerprintOf(path: string): Promise<string | undefined> {
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return stat(path, { bigint: true }).then(
    ({ ino, size, mtimeNs }) => [ino, size, mtimeNs, bootId].join(' '),
    () => undefined,
  );
}
