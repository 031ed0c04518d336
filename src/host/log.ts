/** The progress of a long step: a text and, if known, the fraction done (0 to 1). */
export interface Progress {
  readonly text: string;
  readonly fraction?: number | undefined;
}

/** The log of a build. The readers in `src/report/` decide how it is shown. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  progress(progress: Progress): void;
}

/** A log that discards everything. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, progress() {} };
