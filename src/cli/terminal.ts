import type { EventReader, Verbosity } from '../report/event-stream.js';
import { jsonReader } from '../report/json.js';
import { lineReader } from '../report/lines.js';
import { liveReader } from '../report/live.js';

/** Writes events to standard error: a live view on a capable terminal, plain lines elsewhere, or JSON. */
export function terminalReader({ format, verbosity }: { format: 'text' | 'json'; verbosity: Verbosity }): EventReader {
  const { stderr } = process;
  const write = (line: string) => void stderr.write(line);
  if (format === 'json') return jsonReader(write, verbosity);
  return stderr.isTTY && movesCursor(process.env.TERM) ? liveReader(stderr, verbosity) : lineReader(write, verbosity);
}

/** The same where several builds write at the same time: every line names its image. */
export function readerBesideOthers(
  image: string,
  { format, verbosity }: { format: 'text' | 'json'; verbosity: Verbosity },
): EventReader {
  const write = (line: string) => void process.stderr.write(line);
  if (format === 'text') return lineReader((line) => write(line.replace(/^(\S+ \S+) /, `$1 ${image}: `)), verbosity);
  return jsonReader((line) => write(line.replace(/^\{/, `{"image":${JSON.stringify(image)},`)), verbosity);
}

/** Whether a terminal understands cursor movements. Emacs and others that don't set TERM to `dumb`. */
function movesCursor(term: string | undefined): boolean {
  return term !== undefined && term !== '' && term !== 'dumb';
}

/** The verbosity that `-v` and `-q` select. */
export function verbosityOf({ verbose, quiet }: { verbose?: boolean; quiet?: boolean }): Verbosity {
  if (verbose) return 'verbose';
  return quiet ? 'quiet' : 'normal';
}
