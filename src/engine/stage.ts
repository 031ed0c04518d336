import type { SpaceNeed } from '../host/disk-space.js';
import type { Command, Host } from '../host/host.js';
import type { KnownSecrets } from '../host/known-secrets.js';
import type { ProgramName } from '../host/programs.js';

/**
 * A named step of a build.
 *
 * What it needs it says in types: `wants` takes from the plan the few values that `run` gets, `reads` names what earlier
 * stages must have left, `leaves` what later ones may read. {@link compose} proves the order of a recipe from that. A
 * stage reads no configuration, command line or environment, and calls no other stage. What it takes from the machine,
 * it registers with `host.release` at that moment.
 *
 * @template Plan what is known before anything is done
 * @template State what stages leave for later ones; plain data, for it is written to the state file
 */
export interface Stage<
  Plan,
  State extends object,
  Want,
  Reads extends keyof State = never,
  Leaves extends keyof State = never,
> {
  readonly name: string;
  /** What happens, for people: 'Installing'. */
  readonly title: string;
  /** What `run` works with; undefined if this build does not ask for the stage. */
  wants(plan: Plan): Want | undefined;
  /** What an earlier stage of the recipe must leave. The rest of the state may be absent. */
  readonly reads?: readonly Reads[];
  readonly leaves?: readonly Leaves[];
  /** The commands that `run` calls, as far as they can be known before; for a dry run. */
  commands?(want: Want): readonly Command[];
  /** Programs that `run` may call beside those of `commands`. */
  programs?(want: Want): readonly ProgramName[];
  /** What `run` writes, and where. */
  space?(want: Want): Promise<readonly SpaceNeed[]> | readonly SpaceNeed[];
  /**
   * What decides what `run` makes, as plain data: where it changes, a build that resumes starts again here. Leave out
   * what only says how long, how loudly or where something is done.
   */
  inputs?(want: Want, state: Known<State, Reads>): unknown;
  /** Where the work of the build lies from the end of this stage on (default: where it was). */
  work?(want: Want): Work;
  /** From the end of this stage on, a build that fails keeps its work for `--resume`. */
  readonly keepsWork?: boolean;
  /** Changes the work where it lies, and may do so again after it was stopped in the middle. */
  readonly inPlace?: boolean;
  run(
    host: StageHost<State>,
    want: Want,
    state: Known<State, Reads>,
  ): Promise<[Leaves] extends [never] ? void : Required<Pick<State, NoInfer<Leaves>>>>;
}

/** The state as a stage may read it: what it asked for is there. */
export type Known<State extends object, Reads extends keyof State> = Readonly<
  Partial<State> & Required<Pick<State, Reads>>
>;

/** The file that holds the work of a build between two stages. */
export interface Work {
  readonly path: string;
  /** Where an earlier run may have left it under another name. */
  readonly elsewhere?: readonly string[];
}

/** The machine and the build, as a stage sees them. */
export interface StageHost<State extends object> extends Host {
  /** What must be taken out of every file that other programs write; a stage adds what it learns. */
  readonly secrets: KnownSecrets;
  readonly record: RunRecord;
  /** Whether an earlier run was stopped within this stage: its work may be half done. */
  readonly repeated: boolean;
  /** Writes down what is done before the stage ends, so that a build that resumes does not do it again. */
  checkpoint(done: Partial<State>): Promise<void>;
}

/** What is known of the run itself. */
export interface RunRecord {
  /** When the build began: ISO 8601, UTC. */
  readonly begun: string;
  /** The programs that its stages call. */
  readonly programs: readonly ProgramName[];
  /** The stages that have ended, in order. */
  readonly timings: readonly StageTiming[];
}

export interface StageTiming {
  readonly name: string;
  readonly seconds: number;
}

/** A stage for one build: what it wants is in hand. */
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

/** A stage that can take part in a recipe, whatever it wants. */
export interface Bindable<Plan, State extends object> {
  readonly name: string;
  readonly title: string;
  /** The step of one build; undefined if it does not ask for the stage. */
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

/** @throws Error if something is missing: `compose` has proven the order, so the state was changed from outside */
function known<State extends object, Reads extends keyof State>(
  { name, reads = [] }: { readonly name: string; readonly reads?: readonly Reads[] },
  state: State,
): Known<State, Reads> {
  const missing = reads.filter((key) => state[key] === undefined);
  if (missing.length > 0) throw new Error(`the stage ${name} reads '${missing.join("', '")}', which is not there`);
  return state as Known<State, Reads>;
}
