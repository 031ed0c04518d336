import type { Log } from './log.js';

interface Held {
  readonly what: string;
  readonly giveBack: () => Promise<void>;
}

/**
 * What a build has taken from the machine (domain, mount, lock, temporary file), given back in reverse order: on
 * success, failure and interruption by the same path. A release that fails is reported and does not stop the others.
 */
export class ReleaseStack {
  readonly #held: Held[] = [];

  /**
   * Registers something at the moment it is taken.
   *
   * @returns gives it back now; later calls and `releaseAll` then do nothing
   */
  hold(what: string, giveBack: () => Promise<void> | void): () => Promise<void> {
    const held: Held = { what, giveBack: async () => giveBack() };
    this.#held.push(held);
    return async () => {
      const index = this.#held.indexOf(held);
      if (index < 0) return;
      this.#held.splice(index, 1);
      await held.giveBack();
    };
  }

  async releaseAll(log: Log): Promise<void> {
    for (let held = this.#held.pop(); held; held = this.#held.pop()) {
      log.debug(`Releasing ${held.what}`);
      try {
        await held.giveBack();
      } catch (error) {
        log.warn(`Could not release ${held.what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
