import { jsonReporter } from '../report/json-reporter.js';
import { lineReporter } from '../report/line-reporter.js';
import { liveReporter } from '../report/live-reporter.js';
import type { Reporter, Verbosity } from '../report/reporter.js';

/** The log on standard error: a live view on a terminal, plain lines elsewhere, JSON where it is asked for. */
export function terminalReporter({ format, verbosity }: { format: 'text' | 'json'; verbosity: Verbosity }): Reporter {
  const { stderr } = process;
  const write = (line: string) => void stderr.write(line);
  if (format === 'json') return jsonReporter(write, verbosity);
  return stderr.isTTY ? liveReporter(stderr, verbosity) : lineReporter(write, verbosity);
}

/** What `-v` and `-q` ask for. */
export function verbosityOf({ verbose, quiet }: { verbose?: boolean; quiet?: boolean }): Verbosity {
  if (verbose) return 'verbose';
  return quiet ? 'quiet' : 'normal';
}
