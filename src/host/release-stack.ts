import { setTimeout as sleep } from 'node:timers/promises';
import { NotReleased, type Unreleased } from './failure.js';
import type { Log } from './log.js';
import { TimeLimit } from './time-limit.js';

/** Releases one resource. @param unreleased the resources that could not be released so far, in this run through the stack */
export type Release = (unreleased: readonly Unreleased[]) => Promise<void> | void;

interface Held {
  readonly what: string;
  readonly release: Release;
  readonly byHand: string | undefined;
}

/** How often and for how long a release is retried. Milliseconds. */
export interface Persistence {
  readonly pauses: readonly number[];
  readonly timeLimit: number;
}

/** Three attempts. Each may call several programs, with time limits of their own. */
const usualPersistence: Persistence = { pauses: [1000, 4000], timeLimit: 5 * 60_000 };

/**
 * The resources that a build has taken from the machine (domain, mount, lock, temporary file). They are released in
 * reverse order, by the same path after success, failure and interruption. A release that fails is retried, stays
 * registered until it succeeds, and does not stop the others.
 */
export class ReleaseStack {
  readonly #held: Held[] = [];

  constructor(private readonly persistence: Persistence = usualPersistence) {}

  /**
   * Registers a resource when it is taken.
   *
   * @param byHand the command by which the user can release it, if there is one
   * @returns a function that releases it now; later calls and `releaseAll` then do nothing. If it fails it throws, and
   *   `releaseAll` retries.
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

  /** @returns the resources that could not be released; they stay registered */
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
   * Runs an action, then releases everything, whether it succeeds or fails.
   *
   * @throws NotReleased, with the action's error as its cause, if the action failed and a release failed as well
   */
  async after<T>(log: Log, action: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await action();
    } catch (error) {
      const unreleased = await this.releaseAll(log);
      throw unreleased.length === 0 ? error : new NotReleased(unreleased, error);
    }
    // The action succeeded: a failed release does not change that.
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
        // A release that is still running must not be started a second time.
        if (pause === undefined || limit.reached) return why;
        log.warn(`Could not release ${held.what}, trying again: ${why}`);
        await sleep(pause);
      } finally {
        limit.end();
      }
    }
  }
}

/** A message with what could not be released, why, and what to do. */
export function whatIsLeft({ what, why, byHand }: Unreleased): string {
  return `Could not release ${what}: ${why}${byHand === undefined ? '' : `\nTo release it: ${byHand}`}`;
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}
