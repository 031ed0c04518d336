import type { Progress } from '../host/log.js';
import { visible } from './visible.js';
import { spokenDuration, type ReportedStage, type Reporter, type Verbosity } from './reporter.js';

export type Level = 'debug' | 'info' | 'warning' | 'error';

/** What is told at each verbosity. */
const levels: Readonly<Record<Verbosity, readonly Level[]>> = {
  quiet: ['warning', 'error'],
  normal: ['info', 'warning', 'error'],
  verbose: ['debug', 'info', 'warning', 'error'],
};

export function tells(verbosity: Verbosity, level: Level): boolean {
  return levels[verbosity].includes(level);
}

/** Plain lines for Jenkins, cron and log files: `2026-11-21 03:14:15 INFO: …`. */
export function lineReporter(write: (line: string) => void, verbosity: Verbosity): Reporter {
  const say = (level: Level, message: string): void => {
    if (tells(verbosity, level)) write(`${timestamp(new Date())} ${level.toUpperCase()}: ${visible(message)}\n`);
  };
  const pace = new ProgressPace();
  return {
    debug: (message) => say('debug', message),
    info: (message) => say('info', message),
    warn: (message) => say('warning', message),
    error: (message) => say('error', message),
    progress(progress) {
      if (pace.isDue(progress, Date.now())) say('info', describe(progress));
    },
    stageStarted({ name, title }: ReportedStage) {
      pace.reset();
      say('info', `[${name}] ${title}`);
    },
    stageFinished: ({ name }, duration) => say('info', `[${name}] done in ${spokenDuration(duration)}`),
    close: () => undefined,
  };
}

export function describe({ text, fraction }: Progress): string {
  return fraction === undefined ? text : `${text} (${Math.floor(fraction * 100)} %)`;
}

/** Local time, as the Python image-factory's log had it. */
function timestamp(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

/** A log shows each new step at once, and the same step again only now and then. */
class ProgressPace {
  static readonly #repeatAfter = 30_000;
  #step = '';
  #last = 0;

  isDue({ text }: Progress, now: number): boolean {
    // Counters inside the text (`12.3 of 45.6 MiB`) do not make it another step.
    const step = text.replace(/[\d.,]+/g, '#');
    if (step === this.#step && now - this.#last < ProgressPace.#repeatAfter) return false;
    this.#step = step;
    this.#last = now;
    return true;
  }

  reset(): void {
    this.#step = '';
  }
}
