import type { EventReader, Verbosity } from './event-stream.js';
import { ProgressPace } from './progress.js';
import { tells } from './verbosity.js';

/** The events themselves, one JSON object a line, for machines. */
export function jsonReader(write: (line: string) => void, verbosity: Verbosity): EventReader {
  return {
    read: (event) => tells(verbosity, event) && write(`${JSON.stringify(event)}\n`),
    close: () => undefined,
  };
}

/** The same for a file that is kept: all events, but of progress only as much as a log needs. */
export function eventLinesReader(write: (line: string) => void): EventReader {
  const pace = new ProgressPace();
  const lines = jsonReader(write, 'verbose');
  return { read: (event) => pace.isDue(event) && lines.read(event), close: () => lines.close() };
}
