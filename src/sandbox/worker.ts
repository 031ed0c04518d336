import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { reasonOf } from '../host/errno.js';
import { failureOf } from '../host/failure-of.js';
import { Failure, Interrupted, NotReleased, UsageError } from '../host/failure.js';
import { command, shellLine, type Host } from '../host/host.js';
import { LastLines } from '../host/lines.js';
import type { Log, LoggedFinding, Progress } from '../host/log.js';
import { ReleaseStack, whatIsLeft } from '../host/release-stack.js';
import { enteringWords } from './enter.js';

// Work in trees is done by a process of its own, in namespaces: what it mounts and starts ends with it. A job goes to its
// standard input as a line of JSON; standard input stays open until the caller wants the work to stop. What comes back on
// standard output are messages, a line of JSON each, and at last the result or the failure.

type Message =
  | { readonly log: 'debug' | 'info' | 'warn' | 'error'; readonly message: string }
  | { readonly progress: Progress }
  | { readonly finding: LoggedFinding }
  | { readonly result: unknown }
  | { readonly failure: string; readonly hint?: string | undefined }
  | { readonly problems: readonly string[] };

/**
 * Has a module do a job in namespaces of its own.
 *
 * @param module the URL of a module that calls {@link serve}
 * @param job plain data
 * @returns what the module's function returned: plain data
 * @throws Failure as the function did
 * @throws Interrupted if the host's signal ends it
 */
export async function callWorker(host: Host, module: URL, job: unknown): Promise<unknown> {
  host.signal.throwIfAborted();
  const [file, ...words] = enteringWords();
  const node = [process.execPath, ...process.execArgv, fileURLToPath(module)];
  const { args, env } = command(file, [...words, ...node]);
  host.log.debug(`Calling ${shellLine({ file, args })}`);
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, PATH: env?.PATH },
  });
  const said = new LastLines(20);
  createInterface(child.stderr).on('line', (line) => said.add(line));
  const ended = once(child, 'close').catch((error: unknown) => {
    throw new Failure(`${file} can't be called: ${reasonOf(error)}`, { hint: 'Install the package util-linux.' });
  });
  try {
    // It ends in good order when its standard input ends.
    const heard = await converse(host, child, job, { stop: () => child.stdin.end() });
    const [exitCode] = (await ended) as [number | null];
    if (heard.done) return heard.result;
    throw new Failure(`the process that works in the tree ended with exit code ${exitCode}:\n${said.text()}`);
  } finally {
    child.stdin.end();
    await ended.catch(() => undefined);
  }
}

/** How a conversation is kept. */
export interface ConversationOptions {
  /** Called when the host's signal aborts. */
  readonly stop: () => void;
  /** Called at the first message, whatever it is. */
  readonly onFirst?: () => void;
  /** Called when the result is there. */
  readonly onLast?: () => void;
}

/**
 * Gives a job to a process that calls {@link serve}, wherever that runs, and passes on its messages until it says no more.
 *
 * @returns its result; not done: it ended without one
 * @throws Failure as the function did
 * @throws Interrupted if the host's signal ended it
 */
export async function converse(
  host: Host,
  { stdin, stdout }: { readonly stdin: Writable; readonly stdout: Readable },
  job: unknown,
  { stop, onFirst, onLast }: ConversationOptions,
): Promise<{ readonly done: true; readonly result: unknown } | { readonly done: false }> {
  host.signal.addEventListener('abort', stop);
  stdin.on('error', () => undefined);
  stdin.write(`${JSON.stringify(job)}\n`);
  let last: Message | undefined;
  try {
    let count = 0;
    for await (const line of createInterface(stdout)) {
      const message = JSON.parse(line) as Message;
      if (count++ === 0) onFirst?.();
      if ('result' in message || 'failure' in message || 'problems' in message) {
        last = message;
        onLast?.();
      } else tell(host.log, message);
    }
  } finally {
    host.signal.removeEventListener('abort', stop);
  }
  if (host.signal.aborted) throw host.signal.reason;
  if (last !== undefined && 'result' in last) return { done: true, result: last.result };
  if (last !== undefined && 'problems' in last) throw new UsageError(last.problems);
  if (last !== undefined && 'failure' in last) throw new Failure(last.failure, { hint: last.hint });
  return { done: false };
}

function tell(log: Log, message: Message): void {
  if ('log' in message) log[message.log](message.message);
  else if ('progress' in message) log.progress(message.progress);
  else if ('finding' in message) log.finding(message.finding);
}

/** Does the job of {@link callWorker}, in the process that it started, and exits. */
export async function serve(work: (host: Host, job: never) => Promise<unknown>): Promise<never> {
  const controller = new AbortController();
  const say = (message: Message) => void process.stdout.write(`${JSON.stringify(message)}\n`);
  const at = (log: 'debug' | 'info' | 'warn' | 'error') => (message: string) => say({ log, message });
  const log: Log = {
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    progress: (progress) => say({ progress }),
    finding: (finding) => say({ finding }),
  };
  const host = { log, signal: controller.signal, release: new ReleaseStack() };
  const lines = createInterface(process.stdin);
  const [line] = (await once(lines, 'line')) as [string];
  lines.once('close', () => controller.abort(new Interrupted('its caller')));
  let exitCode = 0;
  try {
    const result = await host.release.after(log, async () => work(host, JSON.parse(line) as never));
    say({ result: result ?? null });
  } catch (error) {
    exitCode = 1;
    const cause = error instanceof NotReleased ? error.cause : error;
    if (error instanceof NotReleased) error.unreleased.map(whatIsLeft).forEach((left) => log.warn(left));
    const failure = failureOf(cause);
    if (failure !== undefined) say({ failure: failure.message, hint: failure.hint });
    else if (cause instanceof UsageError) say({ problems: cause.problems });
    else if (!controller.signal.aborted) console.error(error);
  }
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit(exitCode);
}
