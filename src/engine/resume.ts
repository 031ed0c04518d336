import { sha256Of } from '../host/digest.js';
import type { Host } from '../host/host.js';
import { moveFile } from '../host/move-file.js';
import { stepId, type Recipe } from './recipe.js';
import type { Step, Work } from './stage.js';
import { fingerprintOf, type Fingerprint, type StateFile } from './state-file.js';

/** What can be done with an unfinished build. */
export type Resumable<State extends object> =
  /** The steps that are still to be run, in order. */
  | { readonly remaining: readonly Step<State>[] }
  /** It came to nothing that is worth keeping: a new one may begin. */
  | { readonly worthless: string }
  /** Its work is there and can't be continued: only the user may throw it away. */
  | { readonly stopped: string };

/**
 * Finds how far an unfinished build came: up to the first step that did not end, or that is now asked for something else.
 * The build goes on from there if the work is as the build left it.
 *
 * @param sumOf the SHA-256 sum of the work, where a stage has left it: work that was moved is known by it
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

/** The last one, if all is done: an end that could not be written down. */
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

/** What a step is asked for now; one that lacks what it reads has not been reached. */
function inputsOf<State extends object>(step: Step<State>, state: State): unknown {
  return step.reads.every((key) => state[key] !== undefined) ? step.inputs(state) : undefined;
}

function reasonFor({ name }: { readonly name: string }, left: StateFile<object, unknown>): string {
  return name in left.finished
    ? `the settings of stage '${name}' have changed`
    : `the earlier build did not complete stage '${name}'`;
}

/** Work that has got another name meanwhile gets its own again. */
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
