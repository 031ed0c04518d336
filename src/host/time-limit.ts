/** Why a {@link TimeLimit} was reached. */
export class TimeOver extends Error {
  /** @param milliseconds that there were */
  constructor(readonly milliseconds: number) {
    super(`not done within ${milliseconds / 1000} seconds`);
    this.name = 'TimeOver';
  }
}

/** The longest delay of Node's timers, about 24.8 days, in milliseconds. Longer ones fire at once. */
const longestTime = 2 ** 31 - 1;

/**
 * A time limit. Its signal is aborted when the time is over, when one of the other signals is aborted, or by `end`,
 * whichever comes first.
 *
 * AbortSignal.timeout() must not be used: if only AbortSignal.any() holds its signal, Node 20 garbage-collects it, and it
 * never fires (nodejs/node#57736). A timer is not collected before it has fired.
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

  /** Whether the time was over before anything else aborted the signal. */
  get reached(): boolean {
    return this.signal.reason instanceof TimeOver;
  }

  /** Aborts the signal, and releases the timer and the other signals. Call it when the work is done. */
  end(reason?: unknown): void {
    clearTimeout(this.#timer);
    for (const signal of this.#others) signal.removeEventListener('abort', this.#follow);
    this.#controller.abort(reason);
  }
}
