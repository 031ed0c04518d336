import type { ProgressMade, BuildEvent } from './events.js';

/** `12.3 of 45.6 MiB (26 %)` */
export function describe({ text, fraction }: Pick<ProgressMade, 'text' | 'fraction'>): string {
  return fraction === undefined ? text : `${text} (${Math.floor(fraction * 100)} %)`;
}

/** Milliseconds until the same step is told again. */
const repeatAfter = 30_000;

/** Keeps the progress out of a log that only counts on: each new step is due at once, the same one only now and then. */
export class ProgressPace {
  #step = '';
  #last = 0;

  /** Whether the event belongs into the log; true for all but progress. Is to be asked of every event, in order. */
  isDue(event: BuildEvent): boolean {
    if (event.event === 'stage-started') this.#step = '';
    if (event.event !== 'progress') return true;
    // Counters inside the text (`12.3 of 45.6 MiB`) do not make it another step.
    const step = event.text.replace(/[\d.,]+/g, '#');
    const now = Date.parse(event.time);
    if (step === this.#step && now - this.#last < repeatAfter) return false;
    this.#step = step;
    this.#last = now;
    return true;
  }
}
