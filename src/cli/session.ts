import { KnownSecrets } from '../host/known-secrets.js';
import { endingOf, type Outcome } from '../jobs/outcome.js';
import { EventStream } from '../report/event-stream.js';
import { alsoMask, complain } from './complaints.js';
import { readerBesideOthers, terminalReader, verbosityOf } from './terminal.js';

/** The flags that a command with a log takes for it. */
export interface LogFlags {
  readonly logFormat: 'text' | 'json';
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** The log of such a command, and the secrets that it must not contain. */
export interface Session {
  readonly log: EventStream;
  readonly secrets: KnownSecrets;
  /** Says what is wrong before there is a log of it: as wrong usage is told, or as an event where all is JSON. */
  complain(message: string): void;
}

/**
 * The log on standard error, in which every secret that becomes known is masked.
 *
 * @param besideOthers the image, where several are built at the same time
 */
export function openSession(flags: LogFlags, besideOthers?: string): Session {
  const secrets = new KnownSecrets();
  alsoMask(secrets.mask);
  const how = { format: flags.logFormat, verbosity: verbosityOf(flags) };
  const terminal = besideOthers === undefined ? terminalReader(how) : readerBesideOthers(besideOthers, how);
  const log = new EventStream(secrets.mask, [terminal]);
  return { log, secrets, complain: flags.logFormat === 'json' ? (message) => log.error(message) : complain };
}

/** Runs an action, and logs its error. The log stays open. */
export async function inSession(
  flags: LogFlags,
  action: (session: Session) => Promise<void>,
): Promise<{ readonly log: EventStream; readonly outcome: Outcome }> {
  const session = openSession(flags);
  try {
    await action(session);
    return { log: session.log, outcome: 'done' };
  } catch (error) {
    const { outcome, messages } = endingOf(error);
    messages.forEach((message) => session.complain(message));
    return { log: session.log, outcome };
  }
}
