import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { KnownSecrets } from '../host/known-secrets.js';
import { Libvirt } from '../machine/libvirt.js';
import type { EventLog } from '../report/event-stream.js';
import type { StageSkipped } from '../report/events.js';
import type { Build, BuildState, Plan } from '../images/build.js';
import { calledPrograms } from '../images/called-programs.js';
import { findResumable } from './resume.js';
import type { Stage } from './stage.js';
import { inputsDigest, saveState, type StateFile } from './state-file.js';
import { claimImage, openWorkspace, reopenWorkspace, type Claim, type Workspace } from './workspace.js';

/** The machine, a log that takes events, and what must not stand in it. */
export type BuildHost = Host & { readonly log: EventLog; readonly secrets: KnownSecrets };

/** A workspace, and what is still to be done in it. */
interface Job {
  readonly workspace: Workspace;
  readonly state: BuildState;
  readonly finished: StateFile['finished'];
  readonly remaining: readonly Stage[];
}

/** Begins a build, or goes on with one; the image is claimed. */
export type Opening = (host: BuildHost, plan: Plan, stages: readonly Stage[]) => Promise<Job>;

/**
 * Runs a build: the stages that the image asks for, in order, in a workspace of its own. Whatever it took from the
 * machine is given back in the end, on success, failure and interruption alike; only the work directory of a build that
 * has an installed disk stays where the build does not come to its end.
 *
 * @throws Failure naming the stage that failed
 * @throws Interrupted when the host's signal ends it
 */
export async function runBuild(
  host: BuildHost,
  plan: Plan,
  stages: readonly Stage[],
  { claim, open }: { readonly claim: Claim; readonly open: Opening },
): Promise<void> {
  await releasing(host, async () => {
    await new Libvirt(host, plan.spec.connect).ensureReachable();
    await claimImage(host, plan, claim);
    await runJob(host, plan, stages, await open(host, plan, neededStages(plan, stages)));
  });
}

/** Runs stages that need no workspace. */
export async function runStages(host: BuildHost, plan: Plan, stages: readonly Stage[]): Promise<void> {
  const build: Build = { ...host, ...plan, state: {} };
  await releasing(host, async () => {
    for (const stage of neededStages(plan, stages)) await runStage(host, stage, build);
  });
}

/** Begins anew, whatever an earlier build left. */
export async function beginBuild(host: BuildHost, plan: Plan, stages: readonly Stage[]): Promise<Job> {
  return {
    workspace: await openWorkspace(host, plan),
    state: { begun: new Date().toISOString(), timings: [], programs: calledPrograms(plan, stages) },
    finished: {},
    remaining: stages,
  };
}

/** Goes on behind the last stage that ended and is still asked for the same; begins anew where that can't be. */
export async function resumeBuild(host: BuildHost, plan: Plan, stages: readonly Stage[]): Promise<Job> {
  const found = await findResumable(host, plan, stages);
  if ('whyNot' in found) {
    host.log.warn(`Nothing to resume: ${found.whyNot}. The build begins anew`);
    return beginBuild(host, plan, stages);
  }
  const { left, remaining } = found;
  host.log.info(`Resuming the build of ${left.state.begun ?? 'before'} at the stage ${remaining[0]?.name}`);
  const again = new Set(remaining.map(({ name }) => name));
  return {
    workspace: await reopenWorkspace(host, plan, left),
    state: { ...left.state, timings: left.state.timings?.filter(({ name }) => !again.has(name)) ?? [] },
    finished: Object.fromEntries(Object.entries(left.finished).filter(([name]) => !again.has(name))),
    remaining,
  };
}

function neededStages({ spec }: Plan, stages: readonly Stage[]): Stage[] {
  return stages.filter(({ neededFor }) => neededFor(spec));
}

async function releasing(host: Host, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } finally {
    await host.release.releaseAll(host.log);
  }
}

async function runJob(host: BuildHost, plan: Plan, stages: readonly Stage[], job: Job): Promise<void> {
  const build: Build = { ...host, ...plan, state: job.state };
  let { finished } = job;
  try {
    await saveState(build, finished);
    for (const stage of stages) {
      if (!job.remaining.includes(stage)) {
        skipStage(host.log, stage, stage.neededFor(plan.spec) ? 'finished before' : 'not asked for');
        continue;
      }
      await runStage(host, stage, build);
      finished = { ...finished, [stage.name]: await inputsDigest(stage, build) };
      await saveState(build, finished);
    }
  } catch (error) {
    if ('install' in finished) keepForResuming(build, job.workspace);
    throw error;
  }
}

/** The work of an hour is not thrown away, and nobody shall wonder what that directory is. */
function keepForResuming({ log, spec, paths }: Build, workspace: Workspace): void {
  workspace.keep();
  log.warn(
    `What is done so far is kept in ${paths.workDir}. Go on from there with --resume (image-factory build --resume ${spec.name}); without it, the next build begins anew`,
  );
}

function skipStage(log: EventLog, { name, title }: Stage, why: StageSkipped['why']): void {
  log.tell({ event: 'stage-skipped', stage: name, title, why });
}

async function runStage({ log, signal }: BuildHost, stage: Stage, build: Build): Promise<void> {
  signal.throwIfAborted();
  const begun = performance.now();
  const seconds = () => Math.round(performance.now() - begun) / 1000;
  log.tell({ event: 'stage-started', stage: stage.name, title: stage.title });
  try {
    await stage.run(build);
  } catch (error) {
    log.tell({ event: 'stage-failed', stage: stage.name, seconds: seconds() });
    if (signal.aborted) throw signal.reason;
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`${stage.name}: ${error.message}`, { hint: error.hint, cause: error });
  }
  const taken = seconds();
  (build.state.timings ??= []).push({ name: stage.name, seconds: taken });
  log.tell({ event: 'stage-finished', stage: stage.name, seconds: taken });
}
