import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { reasonOf } from '../host/errno.js';
import { complain } from './complaints.js';

/** Error codes of an output whose other end is gone: a closed pipe, a terminal that hung up. */
const gone = ['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

/**
 * Keeps the program running after its standard output or standard error was closed, so that a build releases what it
 * took. `image-factory list | head` is not a failure. Any other error of standard output is a failure: the result that
 * the user asked for is lost.
 */
export function goOnWithoutReaders(): void {
  process.stderr.on('error', () => undefined);
  letHungUpTerminalsGo();
  let told = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (told || gone.includes(error.code ?? '')) return;
    told = true;
    complain(`can't write to standard output: ${reasonOf(error)}`);
    process.on('exit', () => (process.exitCode ||= 1));
  });
}

/** Node resets terminals when it exits, and aborts if that fails because one has hung up. */
function letHungUpTerminalsGo(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => {
    for (const descriptor of terminals) {
      if (isatty(descriptor)) continue;
      closeSync(descriptor);
      // open(2) returns the lowest free number: that of the descriptor just closed.
      openSync('/dev/null', 'r+');
    }
  });
}
