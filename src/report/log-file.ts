import { appendFileSync, closeSync, fstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { makeSearchable } from '../host/searchable-directory.js';
import type { EventReader } from './event-stream.js';
import type { BuildEvent, BuildStarted } from './events.js';
import { eventLinesReader } from './json.js';
import { lineReader } from './lines.js';

/**
 * Everything, commands included, as plain lines at the end of a file: after what it has of earlier builds, and an empty
 * line.
 *
 * @throws Failure if the file can't be written
 */
export function logFile(path: string): EventReader {
  const hint = 'Choose another file with --log-filename, or write none with --no-log-file.';
  const file = appendTo(path, 'the log file', hint);
  if (!file.isEmpty) file.write('\n');
  const lines = lineReader(file.write, 'verbose');
  return {
    read: (event) => lines.read(event.event === 'build-started' ? heading(event) : event),
    close: file.close,
  };
}

/** Where the next build begins in the file. */
function heading({ time, image, outputDir, program }: BuildStarted & { readonly time: string }): BuildEvent {
  const message = `Building ${image} in ${outputDir} (image-factory ${program})`;
  return { time, event: 'log', level: 'info', message };
}

/**
 * The events of the build as JSON, one a line, at the end of a file.
 *
 * @throws Failure if the file can't be written
 */
export function eventsFile(path: string): EventReader {
  const file = appendTo(path, 'the events', 'Choose another directory with --output-dir.');
  return { ...eventLinesReader(file.write), close: file.close };
}

interface AppendedFile {
  /** Each call is in the file when it returns. */
  readonly write: (text: string) => void;
  readonly close: () => void;
  readonly isEmpty: boolean;
}

function appendTo(path: string, what: string, hint: string): AppendedFile {
  const trying = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw new Failure(`can't write ${what} ${path}: ${reasonOf(error)}`, { hint });
    }
  };
  const descriptor = trying(() => {
    makeSearchable(dirname(path));
    return openSync(path, 'a');
  });
  return {
    write: (text) => trying(() => appendFileSync(descriptor, text)),
    close: () => closeSync(descriptor),
    isEmpty: fstatSync(descriptor).size === 0,
  };
}
