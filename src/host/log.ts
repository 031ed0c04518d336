/** The progress of a long step: a text and, if known, the fraction done (0 to 1). */
export interface Progress {
  readonly text: string;
  readonly fraction?: number | undefined;
}

/** Something in an image that machines from it would share, or carry along, as an event for programs; people are told in lines. */
export interface LoggedFinding {
  /** The name of the rule that the image breaks. */
  readonly rule: string;
  readonly level: 'error' | 'warning' | 'note';
  readonly path: string;
  readonly detail?: string;
  /** Whether it was repaired. */
  readonly repaired: boolean;
}

/** The log of a build. The readers in `src/report/` decide how it is shown. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  progress(progress: Progress): void;
  finding(finding: LoggedFinding): void;
}

/** A log that discards everything. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, progress() {}, finding() {} };
