/** Lets no more than so many things happen at a time; the others wait for their turn, in the order in which they came. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param atOnce 1 or more */
  constructor(private readonly atOnce: number) {}

  async take<T>(action: () => Promise<T>): Promise<T> {
    if (this.#running >= this.atOnce) await new Promise<void>((resume) => this.#waiting.push(resume));
    else this.#running++;
    try {
      return await action();
    } finally {
      // The next waiting action takes this place.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
