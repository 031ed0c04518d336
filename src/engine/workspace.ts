import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkSpace } from '../host/disk-space.js';
import type { claimLock } from '../host/file-lock.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { makeSearchable } from '../host/searchable-directory.js';
import { Libvirt } from '../machine/libvirt.js';
import { workDirectoryName, type Plan } from '../images/build.js';
import { spaceNeeds } from '../images/space-needs.js';
import { readState, type StateFile } from './state-file.js';

/** How a build comes by the lock of its image: it fails where another one has it, or waits. */
export type Claim = typeof claimLock;

/** The directories of a build. */
export interface Workspace {
  /** Leaves them where they are when the build ends, for one that resumes. */
  keep(): void;
}

/** QEMU's user must be able to search the directory of the disk; nobody needs to list it. */
const searchable = 0o711;

/**
 * Makes sure that no other build of the image works in its output directory, until the host's release stack is released.
 *
 * @throws Failure as `claim` does
 */
export async function claimImage(host: Host, { spec, paths }: Plan, claim: Claim): Promise<void> {
  try {
    await makeSearchable(paths.outputDir);
  } catch (error) {
    throw new Failure(`can't make the output directory ${paths.outputDir}: ${(error as Error).message}`);
  }
  await claim(host, paths.lock, `the image ${spec.name} in ${paths.outputDir}`);
}

/**
 * Clears up what an earlier build of the image left, and makes the directories of a new one. The image must be claimed.
 *
 * @throws Failure if there is no room for the build, or somebody has a virtual machine of its name
 */
export async function openWorkspace(host: Host, plan: Plan): Promise<Workspace> {
  const { spec, paths } = plan;
  for (const { workDir } of await keptBuilds(spec.name, paths.outputDir)) await clearUp(host, spec.name, workDir);
  await new Libvirt(host, spec.connect).expectFree([plan.domain, plan.bootDomain]);
  await checkSpace(host.log, await spaceNeeds(plan));
  return holdWorkspace(host, plan);
}

/** Takes over the directories of an earlier build, of which nothing runs any more. The image must be claimed. */
export async function reopenWorkspace(host: Host, plan: Plan, left: StateFile): Promise<Workspace> {
  await endDomains(host, left);
  await new Libvirt(host, plan.spec.connect).expectFree([plan.bootDomain]);
  return holdWorkspace(host, plan);
}

async function holdWorkspace(host: Host, { paths }: Plan): Promise<Workspace> {
  let kept = false;
  for (const directory of new Set([paths.workDir, paths.diskDir])) {
    host.release.hold(`the directory ${directory}`, async () => {
      if (!kept) await rm(directory, { recursive: true, force: true });
    });
    await makeSearchable(directory, searchable);
  }
  return { keep: () => void (kept = true) };
}

/** The work directories of an image, the newest last, each with the date of the build. None of a build that runs has the lock. */
export async function keptBuilds(image: string, outputDir: string): Promise<{ date: string; workDir: string }[]> {
  const names = await readdir(outputDir).catch(() => []);
  return names.sort().flatMap((name) => {
    const date = /-(\d{4}-\d{2}-\d{2})\.build$/.exec(name)?.[1];
    if (date === undefined || name !== workDirectoryName(`${image}-${date}`)) return [];
    return [{ date, workDir: join(outputDir, name) }];
  });
}

/** Whoever holds the lock may take every work directory of this image here for that of a build that is over. */
async function clearUp(host: Host, image: string, workDir: string): Promise<void> {
  host.log.warn(`An earlier build of ${image} did not come to its end: clearing up ${workDir}`);
  const left = await readState(workDir);
  if (left) {
    await endDomains(host, left);
    if (left.diskDir !== workDir) await rm(left.diskDir, { recursive: true, force: true });
  }
  await rm(workDir, { recursive: true, force: true });
}

async function endDomains(host: Host, left: StateFile): Promise<void> {
  const libvirt = new Libvirt(host, left.connect);
  for (const { name, disk } of left.domains) await libvirt.remove(name, disk);
  await libvirt.forgetPool(left.diskDir);
}
