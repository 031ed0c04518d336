import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { systemFailure } from '../host/errno.js';
import { Failure, Interrupted, NotReleased, UsageError } from '../host/failure.js';
import { whatIsLeft } from '../host/release-stack.js';

const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Says what went wrong, and returns how the program ends: 1 the build failed, 2 wrong usage or configuration, 130
 * interrupted.
 */
export function explain(error: unknown, say: (message: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof NotReleased) {
    const { cause, unreleased } = error;
    // Not what an interruption says that left nothing.
    const exitCode = cause instanceof Interrupted ? exitCodes.interrupted : explain(cause, say);
    if (cause instanceof Interrupted) say(cause.message);
    unreleased.forEach((left) => say(whatIsLeft(left)));
    return exitCode;
  }
  if (error instanceof Interrupted) {
    say(`${error.message}; everything that was taken is released`);
    return exitCodes.interrupted;
  }
  if (error instanceof UsageError) {
    error.problems.forEach(say);
    return exitCodes.usage;
  }
  const failure = error instanceof Failure ? error : systemFailure(error);
  if (failure !== undefined) {
    say(failure.hint === undefined ? failure.message : `${failure.message}\n${failure.hint}`);
    return exitCodes.failed;
  }
  say(`internal error, please report it with these lines:\n${inspect(error)}`);
  return exitCodes.failed;
}
