import { join } from 'node:path';
import { inspect } from 'node:util';
import { systemFailure } from '../host/errno.js';
import { Failure, Interrupted, NotReleased, UsageError } from '../host/failure.js';
import { programDirectory } from '../host/program-directory.js';
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

/** Modules are loaded where they are needed: an upgrade at that time takes them away from a running build. */
function replacedProgram(error: unknown): Failure | undefined {
  const isMissing = (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_MODULE_NOT_FOUND';
  if (!isMissing || !String(error).includes(join(programDirectory, 'lib'))) return undefined;
  return new Failure('a part of image-factory itself is missing: it was replaced while it ran', {
    hint: 'Start it again. If that does not help, install it again.',
    cause: error,
  });
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
  const failure = error instanceof Failure ? error : (systemFailure(error) ?? replacedProgram(error));
  if (failure === undefined) {
    return { outcome: 'failed', messages: [`internal error, please report it with these lines:\n${inspect(error)}`] };
  }
  const { message, hint } = failure;
  return { outcome: 'failed', messages: [hint === undefined ? message : `${message}\n${hint}`] };
}
