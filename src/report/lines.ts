import { spokenDuration } from './duration.js';
import type { EventReader, Verbosity } from './event-stream.js';
import type { BuildEvent } from './events.js';
import { describe, ProgressPace } from './progress.js';
import { tells } from './verbosity.js';
import { visible } from './visible.js';

/** Plain lines for Jenkins, cron and log files: `2026-11-21 03:14:15 INFO: …`. */
export function lineReader(write: (line: string) => void, verbosity: Verbosity): EventReader {
  const pace = new ProgressPace();
  return {
    read(event) {
      if (!pace.isDue(event) || !tells(verbosity, event)) return;
      const line = lineFor(event);
      if (line !== undefined) write(`${timestamp(event.time)} ${line}\n`);
    },
    close: () => undefined,
  };
}

function lineFor(event: BuildEvent): string | undefined {
  switch (event.event) {
    case 'log':
      return `${event.level.toUpperCase()}: ${visible(event.message)}`;
    case 'progress':
      return `INFO: ${visible(describe(event))}`;
    case 'stage-started':
      return `INFO: [${event.stage}] ${event.title}`;
    case 'stage-finished':
      return `INFO: [${event.stage}] done in ${spokenDuration(event.seconds)}`;
    default:
      // What people need to know of the others is said by the log.
      return undefined;
  }
}

/** Local time, as the Python image-factory's log had it. */
function timestamp(time: string): string {
  const date = new Date(time);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}
