import { UsageError } from './failure.js';
import type { Host } from './host.js';
import type { Log } from './log.js';
import { ReleaseStack } from './release-stack.js';

export interface RecordedLog extends Log {
  readonly lines: string[];
}

/** A log that tests can read back: one `level: message` a line. */
export function recordedLog(): RecordedLog {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    progress: ({ text }) => void lines.push(`progress: ${text}`),
  };
}

/** The real machine for a test: real programs, a log to read back, and a signal of its own. */
export function testHost(signal: AbortSignal = new AbortController().signal): Host & { log: RecordedLog } {
  return { log: recordedLog(), signal, release: new ReleaseStack() };
}

/** The problems of the UsageError that an action throws. */
export function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  throw new Error('there should have been problems');
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('should have failed');
    },
    (error: unknown) => error,
  );
}
