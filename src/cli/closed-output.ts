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
  let told = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (told || gone.includes(error.code ?? '')) return;
    told = true;
    complain(`can't write to standard output: ${reasonOf(error)}`);
    process.on('exit', () => (process.exitCode ||= 1));
  });
}
