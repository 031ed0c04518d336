import { KnownSecrets } from '../host/known-secrets.js';
import { EventStream } from '../report/event-stream.js';
import type { BuildFinished } from '../report/events.js';
import { alsoMask, complain } from './complaints.js';
import { explain } from './explain.js';
import { terminalReader, verbosityOf } from './terminal.js';

/** How a command that works for a while writes its log. */
export interface LogFlags {
  readonly logFormat: 'text' | 'json';
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** What such a command says, and what it must not say. */
export interface Session {
  readonly log: EventStream;
  readonly secrets: KnownSecrets;
  /** From now on, what goes wrong is a line of the log; before, it is told as wrong usage is. */
  begin(): void;
}

/** Does something, and says what went wrong with it. The log stays open. */
export async function inSession(
  flags: LogFlags,
  action: (session: Session) => Promise<void>,
): Promise<{ readonly log: EventStream; readonly end: Pick<BuildFinished, 'outcome' | 'exitCode' | 'error'> }> {
  const secrets = new KnownSecrets();
  alsoMask(secrets.mask);
  const terminal = terminalReader({ format: flags.logFormat, verbosity: verbosityOf(flags) });
  const log = new EventStream(secrets.mask, [terminal]);
  let isLogged = flags.logFormat === 'json';
  try {
    await action({ log, secrets, begin: () => (isLogged = true) });
    return { log, end: { outcome: 'done', exitCode: 0 } };
  } catch (error) {
    const said: string[] = [];
    const exitCode = explain(error, (message) => {
      said.push(message);
      if (isLogged) log.error(message);
      else complain(message);
    });
    return { log, end: { outcome: outcomes[exitCode] ?? 'failed', exitCode, error: said.join('\n') } };
  }
}

/** By the exit code. */
const outcomes: Readonly<Record<number, BuildFinished['outcome']>> = {
  0: 'done',
  1: 'failed',
  2: 'invalid',
  130: 'interrupted',
};
