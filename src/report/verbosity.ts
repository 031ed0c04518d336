import type { Verbosity } from './event-stream.js';
import type { EventDetails, LogLevel } from './events.js';

/** What is told at each verbosity. */
const levels: Readonly<Record<Verbosity, readonly LogLevel[]>> = {
  quiet: ['warning', 'error'],
  normal: ['info', 'warning', 'error'],
  verbose: ['debug', 'info', 'warning', 'error'],
};

/** Whether an event is to be told. The end of a failed build is an error, like its reason. */
export function tells(verbosity: Verbosity, event: EventDetails): boolean {
  return levels[verbosity].includes(levelOf(event));
}

function levelOf(event: EventDetails): LogLevel {
  if (event.event === 'log') return event.level;
  if (event.event === 'build-finished') return event.outcome === 'done' ? 'info' : 'error';
  if (event.event === 'summary') return event.images.every(({ outcome }) => outcome === 'done') ? 'info' : 'warning';
  return 'info';
}
