import { inspect } from 'node:util';
import { failureOf } from '../host/failure-of.js';
import { Interrupted, NotReleased, UnknownName, UsageError } from '../host/failure.js';
import { whatIsLeft } from '../host/release-stack.js';

/** How something ended: `invalid` is the user's mistake, found before anything was done. */
export type Outcome = 'done' | 'failed' | 'invalid' | 'interrupted';

/** The exit code of the program for each outcome. */
export const exitCodes: Readonly<Record<Outcome, number>> = { done: 0, failed: 1, invalid: 2, interrupted: 130 };

/** Why something did not end well, in messages for people. */
export interface Ending {
  readonly outcome: Outcome;
  readonly messages: readonly string[];
}

/** What an error means for the user. */
export function endingOf(error: unknown): Ending {
  if (error instanceof NotReleased) {
    const { cause, unreleased } = error;
    const left = unreleased.map(whatIsLeft);
    // Not what an interruption says that left nothing.
    if (cause instanceof Interrupted) return { outcome: 'interrupted', messages: [cause.message, ...left] };
    const { outcome, messages } = endingOf(cause);
    return { outcome, messages: [...messages, ...left] };
  }
  if (error instanceof Interrupted) {
    return { outcome: 'interrupted', messages: [`${error.message}; all resources released`] };
  }
  if (error instanceof UsageError) return { outcome: 'invalid', messages: error.problems };
  const failure = failureOf(error);
  if (failure === undefined) {
    return { outcome: 'failed', messages: [`internal error, please report it with these lines:\n${inspect(error)}`] };
  }
  const { message, hint } = failure;
  const outcome = failure instanceof UnknownName ? 'invalid' : 'failed';
  return { outcome, messages: [hint === undefined ? message : `${message}\n${hint}`] };
}
