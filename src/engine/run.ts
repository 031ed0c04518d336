import { rm } from 'node:fs/promises';
import { failureOf } from '../host/failure-of.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { KnownSecrets } from '../host/known-secrets.js';
import type { EventLog } from '../report/event-stream.js';
import { programsOf, stepId, type Recipe } from './recipe.js';
import { findResumable } from './resume.js';
import type { RunRecord, StageHost, StageTiming, Step } from './stage.js';
import { fingerprintOf, readState, saveState } from './state-file.js';
import { holdWorkspace, type Workspace, type WorkPlace } from './workspace.js';

/** The machine, a log that takes events, and the secrets to mask in it. */
export type BuildHost = Host & { readonly log: EventLog; readonly secrets: KnownSecrets };

/** A recipe, and the place where it runs. */
export interface Undertaking<State extends object, Resources> {
  readonly recipe: Recipe<State>;
  readonly place: WorkPlace<Resources>;
  /** The command line that resumes it, for messages. */
  readonly resumeCommand: string;
  /** The SHA-256 sum of the work, if a stage has left one. */
  sumOf(state: State): string | undefined;
  /**
   * Checks that the machine is ready for a new build: free names, enough space.
   *
   * @param discarded the directories of earlier builds that will be removed
   */
  expectReady(host: Host, discarded: readonly string[]): Promise<void>;
}

/** A run of an undertaking: the remaining steps, and the results of the completed ones. */
interface Run<State extends object> {
  readonly workspace: Workspace;
  readonly state: State;
  readonly finished: Readonly<Record<string, string>>;
  readonly record: RunRecord;
  readonly remaining: readonly Step<State>[];
  /** The step in which an earlier run was stopped. */
  readonly stoppedIn: string | undefined;
}

/**
 * Runs every step of a recipe from the beginning. Removes what earlier builds of the same name left. The place must be
 * claimed.
 *
 * @throws Failure that names the failed step. The work is kept if a completed step says so.
 * @throws Interrupted if the host's signal stops it
 */
export async function runFromBeginning<State extends object, Resources>(
  host: BuildHost,
  undertaking: Undertaking<State, Resources>,
  empty: State,
): Promise<void> {
  const { recipe, place } = undertaking;
  const discarded: string[] = [];
  for (const workDir of await place.earlier()) discarded.push(...(await endEarlierBuild(host, place, workDir)));
  await undertaking.expectReady(host, discarded);
  for (const directory of discarded) await rm(directory, { recursive: true, force: true });
  await carryOut(host, undertaking, {
    workspace: holdWorkspace(host, place, 'none'),
    state: empty,
    finished: {},
    record: { begun: new Date().toISOString(), timings: [], programs: programsOf(recipe) },
    remaining: recipe.steps,
    stoppedIn: undefined,
  });
}

/**
 * Continues an unfinished build after its last completed step. If there is none, or none with work to keep, starts a new
 * one.
 *
 * @throws Failure if there is work that can't be continued. It is kept.
 */
export async function resumeRun<State extends object, Resources>(
  host: BuildHost,
  undertaking: Undertaking<State, Resources>,
  empty: State,
): Promise<void> {
  const { recipe, place } = undertaking;
  const left = await readState<State, Resources>(place.workDir);
  if (left === undefined) {
    await expectNothingKept(place);
    host.log.warn(`There is no unfinished build of ${place.name} in ${place.outputDir} to resume: starting a new one`);
    return runFromBeginning(host, undertaking, empty);
  }
  await place.giveBack(host, left.resources);
  const found = await findResumable(host, recipe, left, (state) => undertaking.sumOf(state));
  if ('stopped' in found) throw cannotResume(place, found.stopped);
  if ('worthless' in found) {
    host.log.warn(`Nothing to resume: ${found.worthless}. Starting a new build`);
    return runFromBeginning(host, undertaking, empty);
  }
  const { remaining } = found;
  host.log.info(`Resuming the build of ${left.record.begun} at stage '${remaining[0]?.name}'`);
  const again = new Set(remaining.map(({ name }) => name));
  await carryOut(host, undertaking, {
    workspace: holdWorkspace(host, place, 'kept'),
    state: left.state,
    finished: Object.fromEntries(Object.entries(left.finished).filter(([name]) => !again.has(name))),
    record: { ...left.record, timings: left.record.timings.filter(({ name }) => !again.has(name)) },
    remaining,
    stoppedIn: left.running,
  });
}

/** Runs steps that need no workspace, such as those that fill a cache. */
export async function runSteps<State extends object>(
  host: BuildHost,
  recipe: Recipe<State>,
  empty: State,
): Promise<void> {
  const record = { begun: new Date().toISOString(), timings: [], programs: programsOf(recipe) };
  let state = empty;
  for (const step of recipe.steps) {
    const stageHost = { ...host, record, repeated: false, checkpoint: () => Promise.resolve() };
    state = { ...state, ...(await runStep(stageHost, host.log, step, state)).left };
  }
}

async function carryOut<State extends object, Resources>(
  host: BuildHost,
  { recipe, place, resumeCommand }: Undertaking<State, Resources>,
  run: Run<State>,
): Promise<void> {
  let { state, finished, record } = run;
  let id = lastId(recipe, finished);
  let keeps = recipe.steps.some((step) => step.keepsWork && step.name in finished);
  let work = recipe.steps.findLast((step) => step.work !== undefined && step.name in finished)?.work;
  const save = async (running?: string) => {
    const fingerprint = work && (await fingerprintOf(work.path));
    await saveState<State, Resources>(place.workDir, {
      name: place.name,
      resources: place.resources,
      finished,
      running,
      work: work && fingerprint && { path: work.path, fingerprint },
      record,
      state,
    });
  };
  try {
    await save(run.stoppedIn);
    for (const { name, title } of recipe.stages) {
      const step = run.remaining.find((remaining) => remaining.name === name);
      if (step === undefined) {
        const why = name in finished ? 'finished before' : 'not asked for';
        host.log.tell({ event: 'stage-skipped', stage: name, title, why });
        continue;
      }
      if (step.inPlace && run.stoppedIn !== step.name) await save(step.name);
      const stageHost: StageHost<State> = {
        ...host,
        scratch: place.workDir,
        record,
        repeated: run.stoppedIn === step.name,
        async checkpoint(done) {
          state = { ...state, ...done };
          await save();
        },
      };
      const { left, timing } = await runStep(stageHost, host.log, step, state);
      state = { ...state, ...left };
      record = { ...record, timings: [...record.timings, timing] };
      id = stepId(id, step.name, await step.inputs(state));
      finished = { ...finished, [step.name]: id };
      work = step.work ?? work;
      if (step.keepsWork) {
        keeps = true;
        run.workspace.keep();
      }
      await save();
    }
    run.workspace.discard();
  } catch (error) {
    if (keeps) {
      host.log.warn(
        `The completed stages are kept in ${place.workDir}. Continue with: ${resumeCommand}\nThe next build without --resume starts over and discards them.`,
      );
    }
    throw error;
  }
}

/** The id of the last completed step. */
function lastId<State extends object>({ steps }: Recipe<State>, finished: Run<State>['finished']): string | undefined {
  const last = steps.findLast(({ name }) => name in finished);
  return last && finished[last.name];
}

async function runStep<State extends object>(
  host: StageHost<State>,
  log: EventLog,
  step: Step<State>,
  state: State,
): Promise<{ readonly left: Partial<State>; readonly timing: StageTiming }> {
  const { signal } = host;
  signal.throwIfAborted();
  const begun = performance.now();
  const timing = () => ({ seconds: Math.round(performance.now() - begun) / 1000 });
  log.tell({ event: 'stage-started', stage: step.name, title: step.title });
  let left: Partial<State>;
  try {
    left = await step.run(host, state);
  } catch (error) {
    log.tell({ event: 'stage-failed', stage: step.name, ...timing() });
    if (signal.aborted) throw signal.reason;
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    throw new Failure(`${step.name}: ${failure.message}`, { hint: failure.hint, cause: error });
  }
  const taken = timing();
  log.tell({ event: 'stage-finished', stage: step.name, ...taken });
  return { left, timing: { name: step.name, ...taken } };
}

/**
 * Releases what an earlier build of the same name may have left. This build holds the lock, so that one has ended.
 *
 * @returns its directories
 */
async function endEarlierBuild<Resources>(
  host: Host,
  place: WorkPlace<Resources>,
  workDir: string,
): Promise<readonly string[]> {
  host.log.warn(`An earlier build of ${place.name} was not completed: clearing up ${workDir}`);
  const left = await readState<object, Resources>(workDir);
  if (left === undefined) return [workDir];
  await place.giveBack(host, left.resources);
  return [...new Set([...place.directoriesOf(left.resources), workDir])];
}

/** A work directory without a readable state file may still hold an installed disk. */
async function expectNothingKept(place: WorkPlace<unknown>): Promise<void> {
  if ((await place.earlier()).includes(place.workDir)) {
    throw cannotResume(place, 'its state file is missing, incomplete, or of another version of image-factory');
  }
}

function cannotResume(place: WorkPlace<unknown>, why: string): Failure {
  return new Failure(`can't resume the build of ${place.name}: ${why}`, {
    hint: `Its work is kept in ${place.workDir}. To discard it and start over, build without --resume.`,
  });
}
