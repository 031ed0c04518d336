import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claimLock } from '../host/file-lock.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { Libvirt } from '../host/libvirt.js';
import { workDirectoryName, type Build, type BuildState, type Plan } from './build.js';

/** What the state file of a build says: enough to clear up after it when it was killed. */
interface StateFile {
  readonly image: string;
  readonly processId: number;
  readonly connect: string;
  /** Each with the disk by which it is known to be this build's. */
  readonly domains: readonly { readonly name: string; readonly disk: string }[];
  readonly diskDir: string;
  /** The stage that ended last. */
  readonly finished: string | undefined;
  readonly state: BuildState;
}

/** QEMU's user must be able to search the directory of the disk; nobody needs to list it. */
const searchable = 0o711;

/**
 * Claims the image in its output directory, clears up what a killed build of it left there, and makes the build's own
 * directories. Everything is given back with the host's release stack.
 *
 * @throws Failure if another build of the image is running in the same output directory
 */
export async function openWorkspace(host: Host, plan: Plan): Promise<void> {
  const { spec, paths } = plan;
  try {
    await mkdir(paths.outputDir, { recursive: true });
  } catch (error) {
    throw new Failure(`can't make the output directory ${paths.outputDir}: ${(error as Error).message}`);
  }
  await claimLock(host, paths.lock, `the image ${spec.name} in ${paths.outputDir}`);
  await clearLeftovers(host, spec.name, paths.outputDir);
  for (const directory of new Set([paths.workDir, paths.diskDir])) {
    host.release.hold(`the directory ${directory}`, () => rm(directory, { recursive: true, force: true }));
    await mkdir(directory, { recursive: true, mode: searchable });
  }
}

/** Writes the state file; a reader finds the old one or the new one, never half of one. */
export async function saveState(build: Build, finished: string | undefined): Promise<void> {
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
    state,
  };
  const file = stateFile(paths.workDir);
  await writeFile(`${file}.part`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.part`, file);
}

function stateFile(workDir: string): string {
  return join(workDir, 'state.json');
}

/** Whoever holds the lock may take every work directory of this image here for a dead build's. */
async function clearLeftovers(host: Host, image: string, outputDir: string): Promise<void> {
  for (const name of await readdir(outputDir)) {
    const date = /-(\d{4}-\d{2}-\d{2})\.build$/.exec(name)?.[1];
    if (date === undefined || name !== workDirectoryName(`${image}-${date}`)) continue;
    const workDir = join(outputDir, name);
    host.log.warn(`An earlier build of ${image} was killed: clearing up ${workDir}`);
    const left = await readFile(stateFile(workDir), 'utf8').then(
      (text) => JSON.parse(text) as StateFile,
      () => undefined,
    );
    if (left) {
      const libvirt = new Libvirt(host, left.connect);
      for (const { name, disk } of left.domains) await libvirt.remove(name, disk);
      await libvirt.forgetPool(left.diskDir);
      if (left.diskDir !== workDir) await rm(left.diskDir, { recursive: true, force: true });
    }
    await rm(workDir, { recursive: true, force: true });
  }
}
