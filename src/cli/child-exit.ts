import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Waits for a child that has the terminal of this program. SIGTERM and SIGHUP, which reach this program alone, are passed
 * on to it.
 *
 * @returns its exit code, as a shell gives it
 * @throws the error of the system if it could not be started
 */
export async function childExit(child: ChildProcess): Promise<number> {
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    for (const name of ['SIGTERM', 'SIGHUP'] as const) process.off(name, forward);
  }
}
