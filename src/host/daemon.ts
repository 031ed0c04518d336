import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { reasonOf } from './errno.js';
import { Failure } from './failure.js';
import { shellLine, type Caller, type Command } from './host.js';
import { programPath, programs, type ProgramName } from './programs.js';

/** The time limit for a daemon to go to the background, in milliseconds. */
const startTimeout = 120_000;

/**
 * Starts a program that puts itself into the background and outlives the build. It inherits nothing from the job: not
 * the environment, which holds secrets and lets Jenkins find the processes to end with a job; no open files, such as a
 * shell's lock; not the session.
 *
 * @param accept exit codes besides 0 that are not a failure
 * @throws Failure with the program's output
 */
export async function startDaemon(
  caller: Caller,
  program: ProgramName,
  args: readonly string[],
  accept: readonly number[],
): Promise<void> {
  const called: Command = { file: program, args };
  caller.log.debug(`Calling ${shellLine(called)}`);
  const nothing = openSync('/dev/null', 'r+');
  try {
    const covers = Array.from({ length: Math.max(0, highestInherited() - 2) }, () => nothing);
    const daemon = spawn(program, args, {
      cwd: '/',
      env: { PATH: programPath(), LC_ALL: 'C.UTF-8' },
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', ...covers],
      timeout: startTimeout,
    });
    let said = '';
    daemon.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [exitCode, signal] = (await once(daemon, 'exit').catch((error: Error) => [error])) as
      [number | null, string | null] | [Error];
    daemon.stderr?.destroy();
    if (exitCode === 0 || accept.includes(exitCode as number)) return;
    const how =
      exitCode instanceof Error ? `can't be started: ${reasonOf(exitCode)}` : `ended with ${signal ?? exitCode}`;
    throw new Failure(`${shellLine(called)} ${how}\n${said}`.trim(), {
      hint: `Check that the package ${programs[program].package} is installed completely.`,
    });
  } finally {
    closeSync(nothing);
  }
}

/** Close on exec: O_CLOEXEC of fcntl.h, as /proc shows it (proc(5), `/proc/pid/fdinfo`). */
const closeOnExec = 0o2000000;

/** The highest descriptor that a child would inherit. The caller of image-factory may have left some open. */
function highestInherited(): number {
  const inherited = readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((descriptor) => {
      try {
        const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
        return flags !== undefined && (parseInt(flags, 8) & closeOnExec) === 0;
      } catch {
        // The descriptor of /proc/self/fd itself, which is closed by now.
        return false;
      }
    });
  return Math.max(2, ...inherited);
}
