import { styleText } from 'node:util';
import type { Log } from '../host/log.js';
import { visible } from '../report/visible.js';
import { complain } from './complaints.js';

/** Milliseconds before the first progress is shown: what takes less needs none. */
const patience = 1000;

/** Milliseconds between two messages of progress: on a terminal, which shows the last one, and elsewhere. */
const pace = { terminal: 200, lines: 30_000 };

/** A log that can take its last line from the terminal. */
export interface BriefLog extends Log {
  close(): void;
}

/**
 * The log of a command whose result is on standard output: warnings and notes as lines of standard error, and progress
 * there for what takes longer than a second.
 */
export function briefLog({ verbose }: { readonly verbose?: boolean | undefined }): BriefLog {
  const { stderr } = process;
  const started = performance.now();
  let last = -Infinity;
  let isShown = false;
  let waiting: NodeJS.Timeout | undefined;
  const erase = () => {
    if (isShown) stderr.write('\r\x1b[K');
    isShown = false;
  };
  const line = (text: string) => {
    erase();
    stderr.write(`${text}\n`);
  };
  const show = (text: string) => {
    last = performance.now();
    if (!stderr.isTTY) return line(`image-factory: ${visible(text)}`);
    erase();
    stderr.write(styleText('dim', visible(text).slice(0, (stderr.columns ?? 80) - 1)));
    isShown = true;
  };
  return {
    debug: (message) => verbose && line(visible(message)),
    info: (message) => line(`image-factory: ${visible(message)}`),
    warn: (message) => line(`image-factory: warning: ${visible(message)}`),
    error(message) {
      erase();
      complain(message);
    },
    progress({ text, fraction }) {
      const told = fraction === undefined ? text : `${text} (${Math.floor(fraction * 100)} %)`;
      clearTimeout(waiting);
      const every = stderr.isTTY ? pace.terminal : pace.lines;
      const due = Math.max(started + patience, last + every);
      // What is told once, before something that takes its time, is shown as well.
      if (performance.now() < due) waiting = setTimeout(() => show(told), due - performance.now()).unref();
      else show(told);
    },
    finding: () => undefined,
    close() {
      clearTimeout(waiting);
      erase();
    },
  };
}
