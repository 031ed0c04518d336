import type { Log } from '../host/log.js';

/** A stage as reports name it. */
export interface ReportedStage {
  readonly name: string;
  readonly title: string;
}

/** A log that also hears of the stages of a build. */
export interface Reporter extends Log {
  stageStarted(stage: ReportedStage): void;
  /** @param duration milliseconds */
  stageFinished(stage: ReportedStage, duration: number): void;
  /** No more will come: the terminal is left as it was found, files are complete. */
  close(): void;
}

/** How much is told: only what is wrong, what happens, or every command as well. */
export type Verbosity = 'quiet' | 'normal' | 'verbose';

/** Tells several reporters the same. */
export function allOf(reporters: readonly Reporter[]): Reporter {
  const tell =
    <Method extends keyof Reporter>(method: Method) =>
    (...words: Parameters<Reporter[Method]>): void => {
      for (const reporter of reporters) (reporter[method] as (...args: typeof words) => void)(...words);
    };
  return {
    debug: tell('debug'),
    info: tell('info'),
    warn: tell('warn'),
    error: tell('error'),
    progress: tell('progress'),
    stageStarted: tell('stageStarted'),
    stageFinished: tell('stageFinished'),
    close: tell('close'),
  };
}

/** `4.2 s`, `3 min 7 s`, `1 h 2 min`. @param duration milliseconds */
export function spokenDuration(duration: number): string {
  const seconds = duration / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.max(60, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
