import { styleText } from 'node:util';
import { describe, tells } from './line-reporter.js';
import { visible } from './visible.js';
import { spokenDuration, type ReportedStage, type Reporter, type Verbosity } from './reporter.js';

/** The part of a terminal that the live view needs. */
export interface TerminalStream {
  readonly columns?: number;
  write(text: string): unknown;
}

const redrawInterval = 250;
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** A live view on a terminal: finished stages with their time above, the running one with its progress at the bottom. */
export function liveReporter(terminal: TerminalStream, verbosity: Verbosity): Reporter {
  let running: { readonly stage: ReportedStage; readonly since: number } | undefined;
  let progress = '';
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  const erase = () => terminal.write('\r\x1b[K');
  const draw = (): void => {
    erase();
    if (!running || !tells(verbosity, 'info')) return;
    const { stage, since } = running;
    const spinner = frames[frame++ % frames.length] ?? '';
    const line = `${stage.title} ${spokenDuration(performance.now() - since)}${progress && `  ${progress}`}`;
    terminal.write(`${styleText('cyan', spinner)} ${line.slice(0, (terminal.columns ?? 80) - 3)}`);
  };
  const above = (line: string): void => {
    erase();
    terminal.write(`${line}\n`);
    draw();
  };
  return {
    debug: (message) => tells(verbosity, 'debug') && above(styleText('dim', visible(message))),
    info: (message) => tells(verbosity, 'info') && above(`  ${visible(message)}`),
    warn: (message) => above(`${styleText('yellow', 'warning:')} ${visible(message)}`),
    error: (message) => above(`${styleText('red', 'error:')} ${visible(message)}`),
    progress(now) {
      progress = visible(describe(now));
    },
    stageStarted(stage) {
      running = { stage, since: performance.now() };
      progress = '';
      if (tells(verbosity, 'info')) timer ??= setInterval(draw, redrawInterval).unref();
    },
    stageFinished(stage, duration) {
      running = undefined;
      if (tells(verbosity, 'info'))
        above(`${styleText('green', '✔')} ${stage.title} ${styleText('dim', spokenDuration(duration))}`);
    },
    close() {
      clearInterval(timer);
      if (running) erase();
      running = undefined;
    },
  };
}
