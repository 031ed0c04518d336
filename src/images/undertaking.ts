import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { abandonedDirectories } from '../engine/belonging.js';
import { spaceOf } from '../engine/recipe.js';
import type { Undertaking } from '../engine/run.js';
import type { WorkPlace } from '../engine/workspace.js';
import { checkSpace } from '../host/disk-space.js';
import type { Host } from '../host/host.js';
import { Libvirt } from '../machine/libvirt.js';
import { needsLibvirt, type BuildState, type Plan } from './build.js';
import { buildRecipe } from './recipes.js';
import { keptBuilds } from './work-directories.js';

/** What a build of an image takes that outlives its process. */
export interface BuildResources {
  /** The libvirt connection. */
  readonly connect: string;
  /** Each with the disk by which it is known to be this build's. Empty: libvirt was not asked for anything. */
  readonly domains: readonly { readonly name: string; readonly disk: string }[];
  readonly diskDir: string;
}

/** The build of a plan, for the engine. @param resumeCommand the command line that continues it */
export function undertakingOf(
  plan: Plan,
  resumeCommand: string,
  recipe = buildRecipe(plan),
): Undertaking<BuildState, BuildResources> {
  const place = workPlace(plan);
  const { connect } = plan.spec;
  return {
    recipe,
    place,
    resumeCommand,
    sumOf: ({ image }) => image?.sha256,
    async expectReady(host, discarded) {
      // A domain that uses a disk of this build belongs to it, even if the directory that recorded it is gone.
      await place.giveBack(host, place.resources);
      if (plan.paths.diskDir !== plan.paths.workDir) await removeAbandoned(host, place, dirname(plan.paths.diskDir));
      if (needsLibvirt(plan)) await new Libvirt(host, connect).expectFree([plan.domain, plan.bootDomain]);
      if (plan.spec.spaceCheck !== 'off') await checkSpace(host.log, await spaceOf(recipe), discarded);
    },
  };
}

/** Disks of builds whose output directory was removed, as by `rm -r` before the next build of a job. */
async function removeAbandoned(host: Host, place: WorkPlace<BuildResources>, parent: string): Promise<void> {
  for (const { directory, resources } of await abandonedDirectories<BuildResources>(parent)) {
    host.log.warn(`The output directory of an earlier build is gone: removing its disk in ${directory}`);
    await place.giveBack(host, resources);
    await rm(directory, { recursive: true, force: true });
  }
}

function workPlace(plan: Plan): WorkPlace<BuildResources> {
  const { spec, paths, domain, bootDomain } = plan;
  return {
    name: spec.name,
    outputDir: paths.outputDir,
    lock: paths.lock,
    workDir: paths.workDir,
    directories: [...new Set([paths.workDir, paths.diskDir])],
    resources: {
      connect: spec.connect,
      domains: needsLibvirt(plan)
        ? [
            { name: domain, disk: paths.rawDisk },
            { name: bootDomain, disk: paths.bootOverlay },
          ]
        : [],
      diskDir: paths.diskDir,
    },
    earlier: async () => (await keptBuilds(spec.name, paths.outputDir)).map(({ workDir }) => workDir),
    directoriesOf: ({ diskDir }) => [diskDir],
    async giveBack(host, left) {
      if (left.domains.length === 0) return;
      const libvirt = new Libvirt(host, left.connect);
      for (const { name, disk } of left.domains) await libvirt.remove(name, disk);
      await libvirt.forgetPool(left.diskDir);
    },
  };
}
