/**
 * The format of the events below. It grows when a reader of the old format would misunderstand the new one; new events
 * and new members don't count, so skip those that you don't know.
 */
export const eventFormat = 1;

/**
 * What happens in a build, as plain data. A build is the stream of its events: terminal, log file and JSON are made from
 * them, and `IMAGE-YYYY-MM-DD.events.jsonl` has them as JSON, one a line. Secrets are masked in all of them.
 */
export type BuildEvent = { /** ISO 8601, UTC. */ readonly time: string } & EventDetails;

/** An event before it is told: the stream gives it its time. */
export type EventDetails =
  | BuildStarted
  | StageStarted
  | StageFinished
  | StageFailed
  | StageSkipped
  | LogLine
  | ProgressMade
  | FindingMade
  | ArtifactLeft
  | BuildFinished
  | Summary;

/** The first event of every build. What stands before it in a file belongs to an earlier build. */
export interface BuildStarted {
  readonly event: 'build-started';
  /** {@link eventFormat} */
  readonly version: number;
  /** Of image-factory. */
  readonly program: string;
  /** The section. */
  readonly image: string;
  /** What the names of all artifacts begin with. */
  readonly name: string;
  readonly outputDir: string;
  /** The build was asked to go on with one that did not finish; its stages are then skipped as `finished before`. */
  readonly resume: boolean;
}

interface StageEvent {
  /** The name of the stage, as in image-factory(1). */
  readonly stage: string;
}

export interface StageStarted extends StageEvent {
  readonly event: 'stage-started';
  /** What happens, for people: 'Installing'. */
  readonly title: string;
}

export interface StageFinished extends StageEvent {
  readonly event: 'stage-finished';
  /** With milliseconds as a fraction. */
  readonly seconds: number;
}

/** The stage failed or was interrupted: the build ends, and `build-finished` says why. */
export interface StageFailed extends StageEvent {
  readonly event: 'stage-failed';
  readonly seconds: number;
}

export interface StageSkipped extends StageEvent {
  readonly event: 'stage-skipped';
  readonly title: string;
  /** The image does not ask for it, or an earlier build that is resumed has finished it. */
  readonly why: 'not asked for' | 'finished before';
}

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export interface LogLine {
  readonly event: 'log';
  readonly level: LogLevel;
  /** May have several lines. */
  readonly message: string;
}

/** How far the running stage has come. */
export interface ProgressMade {
  readonly event: 'progress';
  readonly text: string;
  /** 0 to 1; missing where it is not known. */
  readonly fraction?: number | undefined;
}

/** Something that machines from the image would share, or carry along: repaired, or in the image. */
export interface FindingMade {
  readonly event: 'finding';
  /** As in image-factory.conf(5), GOLDEN IMAGES. */
  readonly rule: string;
  readonly level: 'error' | 'warning' | 'note';
  readonly path: string;
  readonly detail?: string;
  readonly repaired: boolean;
}

/** A file that the build leaves in the output directory. */
export interface ArtifactLeft {
  readonly event: 'artifact';
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}

/** The last event of every build that was not killed. */
export interface BuildFinished {
  readonly event: 'build-finished';
  /** `invalid`: wrong usage or configuration. */
  readonly outcome: 'done' | 'failed' | 'invalid' | 'interrupted';
  readonly exitCode: number;
  readonly seconds: number;
  /** Why it was not done: the text of the `log` events of the level `error` before it. */
  readonly error?: string | undefined;
}

/** What became of several images that were built in one call: told after their builds, and in no file of theirs. */
export interface Summary {
  readonly event: 'summary';
  readonly images: readonly ImageOutcome[];
}

export interface ImageOutcome {
  readonly image: string;
  /** `up to date`: nothing had changed; `skipped`: its parent failed; `not begun`: the run was over before. */
  readonly outcome: 'done' | 'up to date' | 'failed' | 'interrupted' | 'skipped' | 'not begun';
  readonly seconds: number;
  /** The image, or the log file of a build that failed. */
  readonly file: string | undefined;
  /** Of an image that was skipped: the image whose failure is the cause. */
  readonly because?: string;
}
