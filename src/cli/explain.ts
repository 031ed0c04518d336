import { CommanderError } from 'commander';
import { endingOf, exitCodes } from '../jobs/outcome.js';

/** Says what went wrong, and returns the exit code of the program. */
export function explain(error: unknown, say: (message: string) => void): number {
  // commander has said it already; `--help` is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.invalid;
  const { outcome, messages } = endingOf(error);
  messages.forEach(say);
  return exitCodes[outcome];
}
