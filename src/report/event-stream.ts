import type { Log, LoggedFinding, Progress } from '../host/log.js';
import type { Mask } from '../host/mask.js';
import type { BuildEvent, EventDetails, LogLevel } from './events.js';

/** Makes something of events that people or machines see: lines, a live view, a file. */
export interface EventReader {
  read(event: BuildEvent): void;
  /** No more will come: the terminal is left as it was found, files are complete. */
  close(): void;
}

/** How much is told: only what is wrong, what happens, or every command as well. */
export type Verbosity = 'quiet' | 'normal' | 'verbose';

/** A log that also takes the other events of a build. */
export interface EventLog extends Log {
  tell(event: EventDetails): void;
}

/** The events of a build on their way to its readers; each gets its time, and is masked. */
export class EventStream implements EventLog {
  readonly #mask: Mask;
  readonly #readers: EventReader[];
  #told: BuildEvent[] | undefined = [];

  constructor(mask: Mask, readers: readonly EventReader[]) {
    this.#mask = mask;
    this.#readers = [...readers];
  }

  tell(details: EventDetails): void {
    const event: BuildEvent = { time: new Date().toISOString(), ...masked(details, this.#mask) };
    this.#told?.push(event);
    for (const reader of [...this.#readers]) this.#hand(event, reader);
  }

  /** Adds the last readers. They are told first what happened before. */
  complete(readers: readonly EventReader[]): void {
    const before = this.#told ?? [];
    this.#told = undefined;
    this.#readers.push(...readers);
    for (const event of before) for (const reader of readers) this.#hand(event, reader);
  }

  /** Whether {@link complete} was called. */
  get isComplete(): boolean {
    return this.#told === undefined;
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }

  debug(message: string): void {
    this.#log('debug', message);
  }

  info(message: string): void {
    this.#log('info', message);
  }

  warn(message: string): void {
    this.#log('warning', message);
  }

  error(message: string): void {
    this.#log('error', message);
  }

  progress(progress: Progress): void {
    this.tell({ event: 'progress', ...progress });
  }

  finding(finding: LoggedFinding): void {
    this.tell({ event: 'finding', ...finding });
  }

  /** A reader that fails, as on a full disk, is told nothing more: the build, and what it must release, go on. */
  #hand(event: BuildEvent, reader: EventReader): void {
    const index = this.#readers.indexOf(reader);
    if (index < 0) return;
    try {
      reader.read(event);
    } catch (error) {
      this.#readers.splice(index, 1);
      this.warn((error as Error).message);
    }
  }

  #log(level: LogLevel, message: string): void {
    this.tell({ event: 'log', level, message });
  }
}

/** Members whose values are words of the program's own. */
const words: ReadonlySet<string> = new Set(['event', 'stage', 'level', 'outcome', 'why', 'program']);

function masked<Event extends EventDetails>(event: Event, mask: Mask): Event {
  const entries = Object.entries(event).map(([member, value]: [string, unknown]) => [
    member,
    typeof value === 'string' && !words.has(member) ? mask(value) : value,
  ]);
  return Object.fromEntries(entries) as Event;
}
