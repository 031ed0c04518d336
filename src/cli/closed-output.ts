import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { reasonOf } from '../host/errno.js';
import { complain } from './complaints.js';

/** How the other end of an output is gone: a closed pipe, a terminal that hung up. */
const gone = ['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

/**
 * Lets the program go on where its standard output or standard error can't be written any more: a build must release what it
 * took, whether anybody reads of it or not. `image-factory list | head` is no failure. What else befalls standard
 * output is one, for what was asked for is lost.
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

/** Node puts terminals back into their first state when it ends, and aborts where that fails because one has hung up. */
function letHungUpTerminalsGo(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => {
    for (const descriptor of terminals) {
      if (isatty(descriptor)) continue;
      closeSync(descriptor);
      // Takes the lowest free number: the one that was closed.
      openSync('/dev/null', 'r+');
    }
  });
}
