import type { Recipe } from '../engine/recipe.js';
import { resumeRun, runFromBeginning, type BuildHost } from '../engine/run.js';
import { claimWorkPlace, type Claim } from '../engine/workspace.js';
import { Libvirt } from '../machine/libvirt.js';
import { needsLibvirt, type BuildState, type Plan } from './build.js';
import { undertakingOf } from './undertaking.js';

/** How a build begins. */
export interface Beginning {
  /** What happens where another build of the image runs. */
  readonly claim: Claim;
  /** Whether an unfinished build is continued, or what it left is cleared up. */
  readonly from: 'beginning' | 'last completed stage';
  /** The command line that continues this build, for messages. */
  readonly resumeCommand: string;
}

/**
 * Builds an image. What it took from the machine is given back in the end, on success, failure and interruption alike;
 * only the work directory of a build that has an installed disk stays where the build is not completed.
 *
 * @param recipe what is done; undefined: what the plan asks for
 * @throws Failure naming the stage that failed
 * @throws Interrupted when the host's signal ends it
 */
export async function runBuild(
  host: BuildHost,
  plan: Plan,
  beginning: Beginning,
  recipe?: Recipe<BuildState>,
): Promise<void> {
  const undertaking = undertakingOf(plan, beginning.resumeCommand, recipe);
  const carryOut = beginning.from === 'beginning' ? runFromBeginning : resumeRun;
  await host.release.after(host.log, async () => {
    if (needsLibvirt(plan)) await new Libvirt(host, plan.spec.connect).ensureReachable();
    await claimWorkPlace(host, undertaking.place, beginning.claim);
    await carryOut(host, undertaking, {});
  });
}
