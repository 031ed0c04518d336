import { createHash } from 'node:crypto';
import type { SpaceNeed } from '../host/disk-space.js';
import { programs, type ProgramName } from '../host/programs.js';
import type { Bindable, Step } from './stage.js';

/** The steps of one build, in order. */
export interface Recipe<State extends object> {
  readonly steps: readonly Step<State>[];
  /** Every stage of the list, in order, including those that this build skips. */
  readonly stages: readonly { readonly name: string; readonly title: string }[];
}

/**
 * Composes the recipe of one build: the stages that the plan asks for, in order.
 *
 * @throws Error if two stages have the same name, or a stage reads what no earlier stage leaves: a fault of the list, not
 *   of the user
 */
export function compose<Plan, State extends object>(
  plan: Plan,
  stages: readonly Bindable<Plan, State>[],
): Recipe<State> {
  const steps = stages.flatMap((stage) => stage.bind(plan) ?? []);
  const names = new Set<string>();
  const left = new Set<keyof State>();
  for (const { name, reads, leaves } of steps) {
    if (names.has(name)) throw new Error(`two stages are called '${name}'`);
    names.add(name);
    const missing = reads.find((key) => !left.has(key));
    if (missing !== undefined) {
      throw new Error(`the stage '${name}' reads '${String(missing)}', which no stage before it leaves`);
    }
    leaves.forEach((key) => left.add(key));
  }
  return { steps, stages: stages.map(({ name, title }) => ({ name, title })) };
}

/** Every program that the steps and the engine call. */
export function programsOf<State extends object>({ steps }: Recipe<State>): ProgramName[] {
  const called = steps.flatMap((step) => [...step.programs, ...step.commands.map(({ file }) => file)]);
  return [...new Set(['flock', ...called])].filter((file): file is ProgramName => Object.hasOwn(programs, file));
}

/** What the steps write, and where. */
export async function spaceOf<State extends object>({ steps }: Recipe<State>): Promise<SpaceNeed[]> {
  return (await Promise.all(steps.map((step) => step.space()))).flat();
}

/**
 * The id of each step: SHA-256 over its name, its inputs, and the id of the step before it. Equal ids mean equal work. An
 * id does not reveal the inputs, which may hold secrets.
 */
export function stepId(before: string | undefined, name: string, inputs: unknown): string {
  const text = JSON.stringify([name, before ?? null, inputs ?? null]);
  return createHash('sha256').update(text).digest('hex');
}
