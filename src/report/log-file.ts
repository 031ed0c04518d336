import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '../host/failure.js';
import { lineReporter } from './line-reporter.js';
import type { Reporter } from './reporter.js';

/** Everything, commands included, as plain lines in a file that is begun anew. */
export function logFileReporter(file: string): Reporter {
  const descriptor = openLog(file);
  const reporter = lineReporter((line) => void writeSync(descriptor, line), 'verbose');
  return { ...reporter, close: () => closeSync(descriptor) };
}

function openLog(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, 'w');
  } catch (error) {
    throw new Failure(`can't write the log file ${file}: ${(error as Error).message}`, {
      hint: 'Choose another with --log-filename, or do without: --no-log-file.',
    });
  }
}
