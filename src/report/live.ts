import { styleText } from 'node:util';
import { spokenDuration } from './duration.js';
import type { EventReader, Verbosity } from './event-stream.js';
import type { LogLine } from './events.js';
import { describe } from './progress.js';
import { tells } from './verbosity.js';
import { visible } from './visible.js';

/** The part of a terminal that the live view needs. */
export interface TerminalStream {
  readonly columns?: number;
  write(text: string): unknown;
}

const redrawInterval = 250;
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** A live view on a terminal: finished stages with their time above, the running one with its progress at the bottom. */
export function liveReader(terminal: TerminalStream, verbosity: Verbosity): EventReader {
  let running: { readonly title: string; readonly since: number } | undefined;
  let progress = '';
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  const erase = () => terminal.write('\r\x1b[K');
  const draw = (): void => {
    erase();
    if (!running) return;
    const spinner = frames[frame++ % frames.length] ?? '';
    const seconds = (performance.now() - running.since) / 1000;
    const line = `${running.title} ${spokenDuration(seconds)}${progress && `  ${progress}`}`;
    terminal.write(`${styleText('cyan', spinner)} ${line.slice(0, (terminal.columns ?? 80) - 3)}`);
  };
  const above = (line: string): void => {
    erase();
    terminal.write(`${line}\n`);
    draw();
  };
  return {
    read(event) {
      if (!tells(verbosity, event)) return;
      switch (event.event) {
        case 'log':
          above(logLine(event));
          break;
        case 'progress':
          progress = visible(describe(event));
          break;
        case 'stage-started':
          running = { title: event.title, since: performance.now() };
          progress = '';
          timer ??= setInterval(draw, redrawInterval).unref();
          break;
        case 'stage-finished': {
          const title = running?.title ?? event.stage;
          running = undefined;
          above(`${styleText('green', '✔')} ${title} ${styleText('dim', spokenDuration(event.seconds))}`);
          break;
        }
        case 'stage-failed':
          erase();
          running = undefined;
          break;
        default:
          // What people need to know of the others is said by the log.
          break;
      }
    },
    close() {
      clearInterval(timer);
      if (running) erase();
      running = undefined;
    },
  };
}

function logLine({ level, message }: LogLine): string {
  const text = visible(message);
  switch (level) {
    case 'debug':
      return styleText('dim', text);
    case 'info':
      return `  ${text}`;
    case 'warning':
      return `${styleText('yellow', 'warning:')} ${text}`;
    case 'error':
      return `${styleText('red', 'error:')} ${text}`;
  }
}
