import type { Log } from '../host/log.js';

/** Characters of one program's output that the log has. */
export const mostLogged = 4 * 2 ** 20;

/** Milliseconds from one line that is shown as progress to the next. */
const betweenLines = 100;

/**
 * Takes the lines of a program that runs in a tree: the log has them as far as there is an end of them, and one now and then is
 * shown as progress.
 *
 * @param name of the program, for the message that lines are left out
 */
export function outputLog(log: Log, name: string): (line: string) => void {
  let logged = 0;
  let shown = -Infinity;
  return (line) => {
    if (logged <= mostLogged) {
      log.debug(line);
      logged += line.length + 1;
      if (logged > mostLogged)
        log.warn(`${name} says more than ${mostLogged / 2 ** 20} MiB: the log leaves the rest out`);
    }
    const now = performance.now();
    if (now - shown < betweenLines) return;
    shown = now;
    log.progress({ text: line.slice(0, 100) });
  };
}
