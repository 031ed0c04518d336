import { Interrupted } from '../host/failure.js';

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does something that Ctrl-C, SIGTERM and SIGHUP stop: they abort the signal it is given, and it ends by itself,
 * having given back what it took. A second Ctrl-C does not cut that short.
 */
export async function untilSignalled<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) console.error('image-factory: already stopping; what was taken is being given back');
    controller.abort(new Interrupted(signal));
  };
  for (const signal of endingSignals) process.on(signal, abort);
  try {
    return await action(controller.signal);
  } finally {
    for (const signal of endingSignals) process.off(signal, abort);
  }
}
