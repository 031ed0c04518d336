import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../src/host/failure.js';
import type { Host } from '../../src/host/host.js';
import type { Log } from '../../src/host/log.js';
import { ReleaseStack } from '../../src/host/release-stack.js';

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
    finding: ({ rule, path, repaired }) => void lines.push(`finding: ${rule} ${path}${repaired ? ' repaired' : ''}`),
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

/**
 * Changes variables of the environment (undefined: removes) until the function that comes back is called. The
 * variables are set one by one: `process.env` put in another object's place would no longer be the environment.
 */
export function changeEnvironment(changes: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.fromEntries(Object.keys(changes).map((name) => [name, process.env[name]]));
  const set = (values: Readonly<Record<string, string | undefined>>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  set(changes);
  return () => set(before);
}

/** Takes the proxies out of the environment, for servers of this machine; returns what brings them back. */
export function withoutProxies(): () => void {
  const proxies = Object.keys(process.env).filter((name) => /_proxy$/i.test(name));
  return changeEnvironment(Object.fromEntries(proxies.map((name) => [name, undefined])));
}

/** What an action comes to while a script, put into a directory of the test's, stands in for a program. */
export async function withStandIn<T>(
  { directory, name, script }: { readonly directory: string; readonly name: string; readonly script: string },
  action: () => Promise<T>,
): Promise<T> {
  writeFileSync(join(directory, name), script, { mode: 0o755 });
  const restore = changeEnvironment({ PATH: `${directory}:${process.env.PATH}` });
  try {
    return await action();
  } finally {
    restore();
  }
}
