import { sha256Of } from '../host/digest.js';
import type { Host } from '../host/host.js';
import { moveFile } from '../host/move-file.js';
import { stepId, type Recipe } from './recipe.js';
import type { Step, Work } from './stage.js';
import { fingerprintOf, type Fingerprint, type StateFile } from './state-file.js';

/** How to continue with an unfinished build. */
export type Resumable<State extends object> =
  /** The remaining steps, in order. */
  | { readonly remaining: readonly Step<State>[] }
  /** It has no work to keep, so a new build may start. */
  | { readonly worthless: string }
  /** Its work is there but can't be continued. Only the user may discard it. */
  | { readonly stopped: string };

/**
 * Finds the point to resume from: the first step that did not complete, or whose inputs have changed. The build continues
 * there if the work is as the build left it.
 *
 * @param sumOf the SHA-256 sum of the work, if a stage has left one: it identifies work that was moved
 */
export async function findResumable<State extends object>(
  host: Host,
  { steps }: Recipe<State>,
  left: StateFile<State, unknown>,
  sumOf: (state: State) => string | undefined,
): Promise<Resumable<State>> {
  const first = await firstToRun(steps, left);
  const done = steps.slice(0, steps.indexOf(first));
  if (!done.some(({ keepsWork }) => keepsWork)) {
    const keptOnce = steps.some(({ name, keepsWork }) => keepsWork && name in left.finished);
    return keptOnce ? { stopped: reasonFor(first, left) } : { worthless: reasonFor(first, left) };
  }
  const work = done.findLast((step) => step.work !== undefined)?.work;
  const halfDone = first.inPlace && left.running === first.name;
  if (work !== undefined && !(await isAsLeft(host, work, left, { halfDone, sum: sumOf(left.state) }))) {
    const isGone = (await fingerprintOf(work.path)) === undefined;
    return { stopped: `${work.path} is ${isGone ? 'gone' : 'not as the earlier build left it'}` };
  }
  return { remaining: steps.slice(steps.indexOf(first)) };
}

/** If all are done, the last one: its completion may not have been recorded. */
async function firstToRun<State extends object>(
  steps: readonly Step<State>[],
  left: StateFile<State, unknown>,
): Promise<Step<State>> {
  let id: string | undefined;
  for (const step of steps) {
    id = stepId(id, step.name, await inputsOf(step, left.state));
    if (left.finished[step.name] !== id) return step;
  }
  return steps.at(-1)!;
}

/** The current inputs of a step. A step whose state is missing was not reached. */
function inputsOf<State extends object>(step: Step<State>, state: State): unknown {
  return step.reads.every((key) => state[key] !== undefined) ? step.inputs(state) : undefined;
}

function reasonFor({ name }: { readonly name: string }, left: StateFile<object, unknown>): string {
  return name in left.finished
    ? `the settings of stage '${name}' have changed`
    : `the earlier build did not complete stage '${name}'`;
}

/** Renames the work back if it has another name by now. */
async function isAsLeft(
  host: Host,
  { path, elsewhere = [] }: Work,
  left: StateFile<object, unknown>,
  { halfDone, sum }: { readonly halfDone: boolean; readonly sum: string | undefined },
): Promise<boolean> {
  const before = left.work?.path === path ? left.work.fingerprint : undefined;
  for (const place of [path, ...elsewhere]) {
    const now = await fingerprintOf(place);
    if (now === undefined) continue;
    const same = before !== undefined && isSame(before, now, halfDone);
    if (!same && (sum === undefined || (await sha256Of(host, place)) !== sum)) continue;
    if (place !== path) await moveFile(host, place, path);
    return true;
  }
  return false;
}

function isSame(before: Fingerprint, now: Fingerprint, halfDone: boolean): boolean {
  const { inode, size, modified, boot } = before;
  return inode === now.inode && size === now.size && boot === now.boot && (halfDone || modified === now.modified);
}
