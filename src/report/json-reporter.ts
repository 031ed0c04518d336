import { tells, type Level } from './line-reporter.js';
import type { Reporter, Verbosity } from './reporter.js';

/** One JSON object a line, for machines: `time` (ISO 8601, UTC), `event`, and what belongs to the event. */
export function jsonReporter(write: (line: string) => void, verbosity: Verbosity): Reporter {
  const say = (event: string, details: Record<string, unknown>): void => {
    write(`${JSON.stringify({ time: new Date().toISOString(), event, ...details })}\n`);
  };
  const log = (level: Level) => (message: string) => {
    if (tells(verbosity, level)) say('log', { level, message });
  };
  const event = (name: string, details: Record<string, unknown>) => {
    if (tells(verbosity, 'info')) say(name, details);
  };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warning'),
    error: log('error'),
    progress: ({ text, fraction }) => event('progress', { text, fraction }),
    stageStarted: ({ name, title }) => event('stage-started', { stage: name, title }),
    stageFinished: ({ name }, duration) => event('stage-finished', { stage: name, seconds: duration / 1000 }),
    close: () => undefined,
  };
}
