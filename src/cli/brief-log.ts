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
  const erase = () => {
    if (isShown) stderr.write('\r\x1b[K');
    isShown = false;
  };
  const line = (text: string) => {
    erase();
    stderr.write(`${text}\n`);
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
      const now = performance.now();
      const every = stderr.isTTY ? pace.terminal : pace.lines;
      if (now - started < patience || now - last < every) return;
      last = now;
      const told = fraction === undefined ? text : `${text} (${Math.floor(fraction * 100)} %)`;
      if (!stderr.isTTY) return line(`image-factory: ${visible(told)}`);
      erase();
      stderr.write(styleText('dim', visible(told).slice(0, (stderr.columns ?? 80) - 1)));
      isShown = true;
    },
    finding: () => undefined,
    close: erase,
  };
}
