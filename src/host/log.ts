/** How far a long step has come: a text for people and, where it is known, the share done (0 to 1). */
export interface Progress {
  readonly text: string;
  readonly fraction?: number | undefined;
}

/** Where the rooms of the house say what happens; how it is shown (terminal, Jenkins, JSON) is decided elsewhere. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  progress(progress: Progress): void;
}

/** A log that nobody reads. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, progress() {} };
