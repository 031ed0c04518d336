/** Why a {@link TimeLimit} was reached. */
export class TimeOver extends Error {
  /** @param milliseconds that there were */
  constructor(readonly milliseconds: number) {
    super(`not done within ${milliseconds / 1000} seconds`);
    this.name = 'TimeOver';
  }
}

/** The longest time that Node's timers can wait, about 24.8 days, in milliseconds. They end at once when asked for more. */
const longestTime = 2 ** 31 - 1;

/**
 * The time that something may take. Its signal is aborted when the time is over, when one of other signals is aborted,
 * or by `end`, whatever comes first.
 *
 * AbortSignal.timeout() must not be used: where only AbortSignal.any() holds its signal, Node 20 collects it as garbage,
 * and the time is never over (nodejs/node#57736). A timer of Node's is not collected before it has fired.
 */
export class TimeLimit {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #others: readonly AbortSignal[];
  readonly #follow = (event: Event): void => this.end((event.target as AbortSignal).reason);

  /** @param milliseconds from now; more than 24.8 days count as 24.8 days */
  constructor(milliseconds: number, ...others: readonly AbortSignal[]) {
    this.#others = others;
    this.#timer = setTimeout(() => this.end(new TimeOver(milliseconds)), Math.min(milliseconds, longestTime));
    for (const signal of others) {
      signal.addEventListener('abort', this.#follow);
      if (signal.aborted) this.end(signal.reason);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the time was over before anything else ended it. */
  get reached(): boolean {
    return this.signal.reason instanceof TimeOver;
  }

  /** Aborts the signal, and lets go of the timer and the other signals. Always to be called when the work is done. */
  end(reason?: unknown): void {
    clearTimeout(this.#timer);
    for (const signal of this.#others) signal.removeEventListener('abort', this.#follow);
    this.#controller.abort(reason);
  }
}
