import { CommanderError } from 'commander';
import { Failure, Interrupted, UsageError } from '../host/failure.js';
import { maskUrls, type Mask } from '../host/mask.js';
import { visible } from '../report/visible.js';

const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Says what went wrong, and returns how the program ends: 1 the build failed, 2 wrong usage or configuration, 130
 * interrupted.
 */
export function explain(error: unknown, say: (message: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof Interrupted) {
    say(`${error.message}; everything was given back`);
    return exitCodes.interrupted;
  }
  if (error instanceof UsageError) {
    error.problems.forEach(say);
    return exitCodes.usage;
  }
  if (error instanceof Failure) {
    say(error.hint === undefined ? error.message : `${error.message}\n${error.hint}`);
    return exitCodes.failed;
  }
  say(`this should not have happened: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return exitCodes.failed;
}

/** Says on standard error what went wrong where no log does, and returns how the program ends. */
export function complain(error: unknown): number {
  return explain(error, (message) => complainOf(message, maskUrls));
}

/** The same of one message. */
export function complainOf(message: string, mask: Mask): void {
  console.error(`image-factory: ${visible(mask(message))}`);
}
