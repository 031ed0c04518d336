import type { ImageSpec } from '../config/image-spec.js';
import type { Caller } from '../host/host.js';
import { lineOf } from '../images/line.js';
import { isBuilt } from '../images/is-built.js';

/** An image to be built, and those of the same run that must be built before it. */
export interface GraphImage {
  readonly name: string;
  readonly parents: readonly string[];
  /** Of its virtual machine: bytes. */
  readonly memory: number;
}

/**
 * The images of a run, parents before children: those that are asked for, and every ancestor of theirs that is stale or
 * not built.
 */
export async function imageGraph(
  caller: Caller,
  asked: readonly ImageSpec[],
  ancestors: 'if stale' | 'never',
): Promise<GraphImage[]> {
  const names = new Set(asked.map(({ name }) => name));
  const wanted = new Map<string, ImageSpec>();
  for (const spec of asked) {
    for (const ancestor of lineOf(spec)) {
      if (wanted.has(ancestor.name)) continue;
      const isWanted = names.has(ancestor.name) || (ancestors === 'if stale' && !(await isBuilt(caller, ancestor)));
      if (isWanted) wanted.set(ancestor.name, ancestor);
    }
  }
  return [...wanted.values()].map((spec) => ({
    name: spec.name,
    parents: lineOf(spec)
      .slice(0, -1)
      .map(({ name }) => name)
      .filter((name) => wanted.has(name)),
    memory: spec.ram,
  }));
}

/** What became of a build of a graph. */
export type GraphOutcome<Result> =
  | { readonly kind: 'ended'; readonly result: Result }
  | { readonly kind: 'skipped'; readonly because: string }
  | { readonly kind: 'not begun' };

/** How a graph is run. */
export interface GraphRun<Result> {
  /** The most images at the same time. */
  readonly jobs: number;
  /** Bytes of memory for all virtual machines; one may always run. */
  readonly memory: number;
  build(name: string): Promise<Result>;
  isGood(result: Result): boolean;
  /** Whether no more is to be begun. */
  isOver(): boolean;
}

/**
 * Builds images, each after its parents, and several at the same time. The descendants of one that fails are skipped; all
 * others go on.
 */
export async function runGraph<Result>(
  images: readonly GraphImage[],
  run: GraphRun<Result>,
): Promise<Map<string, GraphOutcome<Result>>> {
  const outcomes = new Map<string, GraphOutcome<Result>>();
  const running = new Map<string, Promise<void>>();
  const left = new Set(images);
  const memoryInUse = () => images.filter(({ name }) => running.has(name)).reduce((sum, { memory }) => sum + memory, 0);
  for (;;) {
    for (const image of left) {
      const failed = image.parents.find((parent) => hasFailed(outcomes.get(parent), run));
      if (failed !== undefined) {
        const cause = outcomes.get(failed);
        outcomes.set(image.name, { kind: 'skipped', because: cause?.kind === 'skipped' ? cause.because : failed });
        left.delete(image);
        continue;
      }
      if (run.isOver() || image.parents.some((parent) => !outcomes.has(parent))) continue;
      const fits = running.size === 0 || memoryInUse() + image.memory <= run.memory;
      if (running.size >= run.jobs || !fits) continue;
      left.delete(image);
      const build = run.build(image.name).then((result) => {
        outcomes.set(image.name, { kind: 'ended', result });
        running.delete(image.name);
      });
      running.set(image.name, build);
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  for (const { name } of left) outcomes.set(name, { kind: 'not begun' });
  return outcomes;
}

function hasFailed<Result>(outcome: GraphOutcome<Result> | undefined, run: GraphRun<Result>): boolean {
  if (outcome === undefined || outcome.kind === 'not begun') return false;
  return outcome.kind === 'skipped' || !run.isGood(outcome.result);
}
