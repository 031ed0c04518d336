import { inspect } from 'node:util';
import { Interrupted } from '../host/failure.js';
import { complain } from './complaints.js';

/** All that end a process and that it can hear, but SIGPIPE and SIGXFSZ, which Node ignores, and faults such as SIGSEGV. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGXCPU', 'SIGALRM', 'SIGUSR2'] as const;

/**
 * Does something that Ctrl-C, SIGTERM, SIGHUP and their like stop: they abort the signal it is given, and it ends by
 * itself, having released what it took. A second Ctrl-C does not cut that short, nor does an error that nothing has
 * caught.
 *
 * @throws the error that nothing had caught, if there was one
 */
export async function untilSignalled<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (received: NodeJS.Signals): void => {
    if (signal.aborted) complain('already stopping; what was taken is being released');
    controller.abort(new Interrupted(received));
  };
  const uncaught = (error: unknown): void => {
    // While it stops, it goes on with that; what it waited for may never come, and then its time limits end it.
    if (signal.aborted) complain(`while stopping: ${inspect(error)}`);
    controller.abort(new Error('an error that nothing has caught', { cause: error }));
  };
  for (const name of endingSignals) process.on(name, stop);
  process.on('uncaughtException', uncaught).on('unhandledRejection', uncaught);
  try {
    const result = await action(signal);
    if (signal.aborted && !(signal.reason instanceof Interrupted)) throw signal.reason;
    return result;
  } finally {
    for (const name of endingSignals) process.off(name, stop);
    process.off('uncaughtException', uncaught).off('unhandledRejection', uncaught);
  }
}
