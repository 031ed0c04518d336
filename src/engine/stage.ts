import type { SpaceNeed } from '../host/disk-space.js';
import type { Command, Host } from '../host/host.js';
import type { KnownSecrets } from '../host/known-secrets.js';
import type { ProgramName } from '../host/programs.js';

/**
 * A named step of a build.
 *
 * Its types say what it needs: `wants` picks the few values of the plan that `run` gets, `reads` names what earlier stages
 * must have left, `leaves` what later ones may read. {@link compose} proves the order of a recipe from that. A
 * stage reads no configuration, command line or environment, and calls no other stage. It registers each resource with
 * `host.release` when it takes it.
 *
 * @template Plan what is known before the build starts
 * @template State what stages leave for later ones: plain data, since it is written to the state file
 */
export interface Stage<
  Plan,
  State extends object,
  Want,
  Reads extends keyof State = never,
  Leaves extends keyof State = never,
> {
  readonly name: string;
  /** What the stage does, for messages: 'Installing'. */
  readonly title: string;
  /** What `run` works with; undefined if this build skips the stage. */
  wants(plan: Plan): Want | undefined;
  /** What an earlier stage of the recipe must leave. The rest of the state may be absent. */
  readonly reads?: readonly Reads[];
  readonly leaves?: readonly Leaves[];
  /** The commands that `run` calls, as far as they are known in advance; for a dry run. */
  commands?(want: Want): readonly Command[];
  /** Programs that `run` may call in addition to those of `commands`. */
  programs?(want: Want): readonly ProgramName[];
  /** What `run` writes, and where. */
  space?(want: Want): Promise<readonly SpaceNeed[]> | readonly SpaceNeed[];
  /**
   * The values that determine the result of `run`, as plain data: if they change, a resumed build restarts here. Leave
   * out time limits, verbosity and locations.
   */
  inputs?(want: Want, state: Known<State, Reads>): unknown;
  /** The path of the build's work after this stage (default: unchanged). */
  work?(want: Want): Work;
  /** After this stage, a build that fails keeps its work for `--resume`. */
  readonly keepsWork?: boolean;
  /** Changes the work in place, and may be repeated after it was stopped halfway. */
  readonly inPlace?: boolean;
  run(
    host: StageHost<State>,
    want: Want,
    state: Known<State, Reads>,
  ): Promise<[Leaves] extends [never] ? void : Required<Pick<State, NoInfer<Leaves>>>>;
}

/** The state as a stage may read it: everything in `reads` is present. */
export type Known<State extends object, Reads extends keyof State> = Readonly<
  Partial<State> & Required<Pick<State, Reads>>
>;

/** The file that holds a build's work between two stages. */
export interface Work {
  readonly path: string;
  /** Another name that an earlier run may have left it under. */
  readonly elsewhere?: readonly string[];
}

/** What a stage may use of the machine and the build. */
export interface StageHost<State extends object> extends Host {
  /** The secrets to mask in every file that other programs write. A stage adds those that it learns. */
  readonly secrets: KnownSecrets;
  readonly record: RunRecord;
  /** Whether an earlier run was stopped within this stage, so that its work may be half done. */
  readonly repeated: boolean;
  /** Records partial results before the stage ends, so that a resumed build does not repeat them. */
  checkpoint(done: Partial<State>): Promise<void>;
}

/** Facts about the run itself. */
export interface RunRecord {
  /** When the build began: ISO 8601, UTC. */
  readonly begun: string;
  /** The programs that its stages call. */
  readonly programs: readonly ProgramName[];
  /** The completed stages, in order. */
  readonly timings: readonly StageTiming[];
}

export interface StageTiming {
  readonly name: string;
  readonly seconds: number;
}

/** A stage bound to the plan of one build. */
export interface Step<State extends object> {
  readonly name: string;
  readonly title: string;
  readonly reads: readonly (keyof State)[];
  readonly leaves: readonly (keyof State)[];
  readonly commands: readonly Command[];
  readonly programs: readonly ProgramName[];
  readonly work: Work | undefined;
  readonly keepsWork: boolean;
  readonly inPlace: boolean;
  space(): Promise<readonly SpaceNeed[]>;
  inputs(state: State): unknown;
  run(host: StageHost<State>, state: State): Promise<Partial<State>>;
}

/** A stage of a recipe, whatever the type of its `wants`. */
export interface Bindable<Plan, State extends object> {
  readonly name: string;
  readonly title: string;
  /** The step of one build; undefined if that skips the stage. */
  bind(plan: Plan): Step<State> | undefined;
}

/**
 * Makes stages for recipes of one kind. The types of what a stage wants, reads and leaves come from its definition.
 *
 *     const stage = stageMaker<Plan, BuildState>();
 *     export const create = stage({ name: 'create', title: 'Creating the disk', wants: …, run: … });
 */
export function stageMaker<Plan, State extends object>() {
  return <Want, const Reads extends keyof State = never, const Leaves extends keyof State = never>(
    definition: Stage<Plan, State, Want, Reads, Leaves>,
  ): Stage<Plan, State, Want, Reads, Leaves> & Bindable<Plan, State> => ({
    ...definition,
    bind(plan) {
      const want = definition.wants(plan);
      return want === undefined ? undefined : stepOf(definition, want);
    },
  });
}

function stepOf<Plan, State extends object, Want, Reads extends keyof State, Leaves extends keyof State>(
  stage: Stage<Plan, State, Want, Reads, Leaves>,
  want: Want,
): Step<State> {
  return {
    name: stage.name,
    title: stage.title,
    reads: stage.reads ?? [],
    leaves: stage.leaves ?? [],
    commands: stage.commands?.(want) ?? [],
    programs: stage.programs?.(want) ?? [],
    work: stage.work?.(want),
    keepsWork: stage.keepsWork ?? false,
    inPlace: stage.inPlace ?? false,
    space: async () => (await stage.space?.(want)) ?? [],
    inputs: (state) => stage.inputs?.(want, known(stage, state)),
    run: async (host, state) => (await stage.run(host, want, known(stage, state))) ?? {},
  };
}

/** @throws Error if something is missing: `compose` has proven the order, so the state file was changed from outside */
function known<State extends object, Reads extends keyof State>(
  { name, reads = [] }: { readonly name: string; readonly reads?: readonly Reads[] },
  state: State,
): Known<State, Reads> {
  const missing = reads.filter((key) => state[key] === undefined);
  if (missing.length > 0) throw new Error(`the stage ${name} reads '${missing.join("', '")}', which is not there`);
  return state as Known<State, Reads>;
}
