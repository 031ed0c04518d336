import type { EventReader, Verbosity } from '../report/event-stream.js';
import { jsonReader } from '../report/json.js';
import { lineReader } from '../report/lines.js';
import { liveReader } from '../report/live.js';

/** Standard error: a live view on a terminal that can show one, plain lines elsewhere, JSON where it is asked for. */
export function terminalReader({ format, verbosity }: { format: 'text' | 'json'; verbosity: Verbosity }): EventReader {
  const { stderr } = process;
  const write = (line: string) => void stderr.write(line);
  if (format === 'json') return jsonReader(write, verbosity);
  return stderr.isTTY && movesCursor(process.env.TERM) ? liveReader(stderr, verbosity) : lineReader(write, verbosity);
}

/** Whether a terminal carries out what moves its cursor; `dumb` is what Emacs and others that don't call themselves. */
function movesCursor(term: string | undefined): boolean {
  return term !== undefined && term !== '' && term !== 'dumb';
}

/** What `-v` and `-q` ask for. */
export function verbosityOf({ verbose, quiet }: { verbose?: boolean; quiet?: boolean }): Verbosity {
  if (verbose) return 'verbose';
  return quiet ? 'quiet' : 'normal';
}
