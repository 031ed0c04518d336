import { setTimeout as sleep } from 'node:timers/promises';
import { NotReleased, type Unreleased } from './failure.js';
import type { Log } from './log.js';
import { TimeLimit } from './time-limit.js';

/** Releases one thing. @param unreleased what could not be released so far, in this run through the stack */
export type Release = (unreleased: readonly Unreleased[]) => Promise<void> | void;

interface Held {
  readonly what: string;
  readonly release: Release;
  readonly byHand: string | undefined;
}

/** How often something is tried again, and how long it may take. Milliseconds. */
export interface Persistence {
  readonly pauses: readonly number[];
  readonly timeLimit: number;
}

/** Three attempts; each may call several programs, which have a time of their own. */
const usualPersistence: Persistence = { pauses: [1000, 4000], timeLimit: 5 * 60_000 };

/**
 * What a build has taken from the machine (domain, mount, lock, temporary file), released in reverse order: on
 * success, failure and interruption by the same path. A release that fails is tried again, stays registered until it
 * succeeds, and does not stop the others.
 */
export class ReleaseStack {
  readonly #held: Held[] = [];

  constructor(private readonly persistence: Persistence = usualPersistence) {}

  /**
   * Registers something at the moment it is taken.
   *
   * @param byHand the command by which the user can release it, if there is one
   * @returns releases it now; later calls and `releaseAll` then do nothing. Where that fails it throws, and
   *   `releaseAll` tries again.
   */
  hold(what: string, release: Release, byHand?: string): () => Promise<void> {
    const held: Held = { what, release, byHand };
    this.#held.push(held);
    return async () => {
      const index = this.#held.indexOf(held);
      if (index < 0) return;
      this.#held.splice(index, 1);
      try {
        await held.release([]);
      } catch (error) {
        this.#held.splice(index, 0, held);
        throw error;
      }
    };
  }

  /** @returns what could not be released; it is still held */
  async releaseAll(log: Log): Promise<readonly Unreleased[]> {
    const kept: Held[] = [];
    const unreleased: Unreleased[] = [];
    for (let held = this.#held.pop(); held; held = this.#held.pop()) {
      log.debug(`Releasing ${held.what}`);
      const why = await this.#tryToRelease(held, unreleased, log);
      if (why === undefined) continue;
      kept.unshift(held);
      unreleased.push({ what: held.what, why, byHand: held.byHand });
    }
    this.#held.push(...kept);
    return unreleased;
  }

  /**
   * Does something, and releases all that is held then, however it ends.
   *
   * @throws NotReleased, caused by what the action threw, where it failed and something could not be released
   */
  async after<T>(log: Log, action: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await action();
    } catch (error) {
      const unreleased = await this.releaseAll(log);
      throw unreleased.length === 0 ? error : new NotReleased(unreleased, error);
    }
    // What was to be done is done, and stays so.
    for (const left of await this.releaseAll(log)) log.warn(whatIsLeft(left));
    return result;
  }

  /** @returns why it could not be released */
  async #tryToRelease(held: Held, unreleased: readonly Unreleased[], log: Log): Promise<string | undefined> {
    const { pauses, timeLimit } = this.persistence;
    for (let failures = 0; ; failures++) {
      const limit = new TimeLimit(timeLimit);
      try {
        await Promise.race([Promise.resolve(held.release(unreleased)), rejectedBy(limit.signal)]);
        return undefined;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        const pause = pauses[failures];
        // What is still under way must not be begun a second time.
        if (pause === undefined || limit.reached) return why;
        log.warn(`Could not release ${held.what}, trying again: ${why}`);
        await sleep(pause);
      } finally {
        limit.end();
      }
    }
  }
}

/** What could not be released, why, and what to do, for people. */
export function whatIsLeft({ what, why, byHand }: Unreleased): string {
  return `Could not release ${what}: ${why}${byHand === undefined ? '' : `\nTo release it: ${byHand}`}`;
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}
