import { inspect } from 'node:util';
import { Interrupted } from '../host/failure.js';
import { complain } from './complaints.js';

/** The signals that end a process and can be caught, without SIGPIPE and SIGXFSZ, which Node ignores, and faults such as SIGSEGV. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGXCPU', 'SIGALRM', 'SIGUSR2'] as const;

/**
 * Runs an action that Ctrl-C, SIGTERM, SIGHUP and similar signals stop: they abort its AbortSignal, and the action
 * releases what it took before it ends. Neither a second Ctrl-C nor an uncaught error cuts that short.
 *
 * @throws the uncaught error, if there was one
 */
export async function untilSignalled<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  let running = true;
  const stop = (received: NodeJS.Signals): void => {
    if (!running) return;
    if (signal.aborted) complain('already stopping: releasing resources');
    controller.abort(new Interrupted(received));
  };
  const uncaught = (error: unknown): void => {
    // An error while stopping doesn't stop the release. Its time limits bound whatever it waits for.
    if (signal.aborted) complain(`while stopping: ${inspect(error)}`);
    controller.abort(new Error('uncaught error', { cause: error }));
  };
  for (const name of endingSignals) process.on(name, stop);
  process.on('uncaughtException', uncaught).on('unhandledRejection', uncaught);
  try {
    const result = await action(signal);
    if (signal.aborted && !(signal.reason instanceof Interrupted)) throw signal.reason;
    return result;
  } finally {
    running = false;
    // One more Ctrl-C must not end the program while it says what it released.
    if (!(signal.reason instanceof Interrupted)) for (const name of endingSignals) process.off(name, stop);
    process.off('uncaughtException', uncaught).off('unhandledRejection', uncaught);
  }
}
