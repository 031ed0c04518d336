import { CommanderError } from 'commander';
import { Failure, Interrupted, UsageError } from '../host/failure.js';
import { program } from './program.js';

const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Says what went wrong, and how the program ends: 1 the build failed, 2 wrong usage or configuration, 130 interrupted. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof Interrupted) {
    complain(`${error.message}; everything was given back`);
    return exitCodes.interrupted;
  }
  if (error instanceof UsageError) {
    error.problems.forEach(complain);
    return exitCodes.usage;
  }
  if (error instanceof Failure) {
    complain(error.message);
    if (error.hint !== undefined) console.error(error.hint);
    return exitCodes.failed;
  }
  complain(`this should not have happened: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return exitCodes.failed;
}

function complain(message: string): void {
  console.error(`image-factory: ${message}`);
}

// `image-factory list | head`: whoever does not want to hear more is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.done);
});

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}
