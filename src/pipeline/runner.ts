import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { Libvirt } from '../host/libvirt.js';
import type { Reporter } from '../report/reporter.js';
import type { Build, BuildState, Plan } from './build.js';
import { calledPrograms } from './called-programs.js';
import type { Stage } from './stage.js';
import { openWorkspace, saveState } from './workspace.js';

type ReportingHost = Host & { readonly log: Reporter };

/**
 * Runs a build: the stages that the image asks for, in order, in a workspace of its own. Whatever it took from the
 * machine is given back in the end, on success, failure and interruption alike.
 *
 * @throws Failure naming the stage that failed
 * @throws Interrupted when the host's signal ends it
 */
export async function runBuild(host: ReportingHost, plan: Plan, stages: readonly Stage[]): Promise<void> {
  await releasing(host, async () => {
    await new Libvirt(host, plan.spec.connect).ensureReachable();
    await openWorkspace(host, plan);
    await run(host, plan, stages, saveState);
  });
}

/** Runs stages that need no workspace. */
export async function runStages(host: ReportingHost, plan: Plan, stages: readonly Stage[]): Promise<void> {
  await releasing(host, () => run(host, plan, stages, () => Promise.resolve()));
}

async function releasing(host: Host, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } finally {
    await host.release.releaseAll(host.log);
  }
}

async function run(
  host: ReportingHost,
  plan: Plan,
  stages: readonly Stage[],
  save: (build: Build, finished: string | undefined) => Promise<void>,
): Promise<void> {
  const state: BuildState = { begun: new Date().toISOString(), timings: [], programs: calledPrograms(plan, stages) };
  const build: Build = { ...host, ...plan, state };
  await save(build, undefined);
  for (const stage of stages.filter(({ neededFor }) => neededFor(plan.spec))) {
    await runStage(host, stage, build);
    await save(build, stage.name);
  }
}

async function runStage({ log, signal }: ReportingHost, stage: Stage, build: Build): Promise<void> {
  signal.throwIfAborted();
  const begun = performance.now();
  log.stageStarted(stage);
  try {
    await stage.run(build);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`${stage.name}: ${error.message}`, { hint: error.hint, cause: error });
  }
  const milliseconds = performance.now() - begun;
  (build.state.timings ??= []).push({ name: stage.name, seconds: Math.round(milliseconds) / 1000 });
  log.stageFinished(stage, milliseconds);
}
