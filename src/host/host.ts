import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { quote } from 'shlex';
import { Failure, Interrupted } from './failure.js';
import type { Log } from './log.js';
import { mayExecute, programPath, programs, type ProgramName } from './programs.js';
import type { ReleaseStack } from './release-stack.js';

/** One call of a program, as data: the same value is run, logged and printed by --dry-run. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Text for standard input; without it, standard input is empty. */
  readonly input?: string;
  /** Variables set in the environment, or taken from it by undefined. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A call of one of the programs that image-factory is known to need; its messages come in English. */
export function command(
  program: ProgramName,
  args: readonly string[],
  options: Pick<Command, 'cwd' | 'input' | 'env'> = {},
): Command {
  return { file: program, args, ...options, env: { LC_ALL: 'C.UTF-8', PATH: programPath(), ...options.env } };
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** The machine as one build sees it: its log, its programs, the signal that ends it, and what it must give back. */
export interface Host {
  readonly log: Log;
  /** Aborted by Ctrl-C, SIGTERM and SIGHUP; its reason is an {@link Interrupted}. */
  readonly signal: AbortSignal;
  /** Everything taken is registered here at the moment it is taken. */
  readonly release: ReleaseStack;
}

/** What calling a program takes: where it is logged, and what ends it. */
export type Caller = Pick<Host, 'log' | 'signal'>;

/** Milliseconds that a command may take which gives something back after the build was told to stop. */
const releaseTimeout = 60_000;

/** The same host for what must still be done after the build was told to stop: releasing what it holds. */
export function insistently(host: Pick<Host, 'log'>): Caller {
  return { log: host.log, signal: AbortSignal.timeout(releaseTimeout) };
}

/** A command as a line that a shell would read back as the same words. */
export function shellLine({ file, args }: Pick<Command, 'file' | 'args'>): string {
  return [file, ...args].map(quote).join(' ');
}

/**
 * Runs a command to its end.
 *
 * @param options.accept exit codes that are no failure (default: only 0)
 * @param options.signal ends the command, if something other than the build's own signal shall do so
 * @param options.killSignal how the command is ended (default: SIGTERM)
 * @param options.killAfter milliseconds that it then gets to end by itself (default: 5000)
 * @param options.stdoutFile takes standard output, byte for byte; it is then not in the result
 * @param options.onLine is told each line of the output as it comes, for long commands
 * @throws Failure with the command, its exit code and the end of what it said
 * @throws Interrupted when the build was told to stop
 */
export async function run(
  host: Caller,
  called: Command,
  options: {
    accept?: readonly number[];
    signal?: AbortSignal;
    killSignal?: NodeJS.Signals;
    killAfter?: number;
    stdoutFile?: string;
    onLine?: (line: string) => void;
  } = {},
): Promise<CommandResult> {
  host.signal.throwIfAborted();
  host.log.debug(`Calling ${shellLine(called)}`);
  const { stdoutFile } = options;
  const child = execa(called.file, called.args, {
    ...(called.cwd === undefined ? {} : { cwd: called.cwd }),
    ...(called.input === undefined ? { stdin: 'ignore' as const } : { input: called.input }),
    env: { ...called.env },
    cancelSignal: options.signal ?? host.signal,
    killSignal: options.killSignal ?? 'SIGTERM',
    forceKillAfterDelay: options.killAfter ?? 5000,
    reject: false,
    // What goes to a file is no message, and nobody would drain it.
    ...(stdoutFile === undefined ? { all: true } : { stdout: { file: stdoutFile }, buffer: { stdout: false } }),
    maxBuffer: 64 * 1024 * 1024,
  });
  const patience = endWithProgram(child, () => {
    host.log.warn(`${shellLine(called)} has left processes behind that hold its output; they are not waited for`);
  });
  if (options.onLine) {
    for await (const line of child.iterable({ from: 'all' })) options.onLine(line);
  }
  const result = await child;
  patience.abort();
  if (host.signal.aborted) throw interruption(host.signal);
  const exitCode = result.exitCode ?? -1;
  if (!result.failed || options.accept?.includes(exitCode)) {
    return { stdout: result.stdout ?? '', stderr: result.stderr, exitCode };
  }
  throw commandFailure(called, { ...result, all: result.all ?? result.stderr });
}

/** Milliseconds for output that is still to come when a program has ended. */
const outputPatience = 5000;

/**
 * A program is over when its process is. What it left running, such as a `nohup … &` in a hook, may have inherited its
 * output and keep that open for ever.
 */
function endWithProgram(child: ChildProcess, tell: () => void): AbortController {
  const over = new AbortController();
  child.once('exit', () => {
    sleep(outputPatience, undefined, { signal: over.signal }).then(
      () => {
        tell();
        child.stdout?.destroy();
        child.stderr?.destroy();
      },
      () => undefined,
    );
  });
  return over;
}

interface FailedCall {
  readonly code?: string | undefined;
  readonly signal?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly all: string;
}

function commandFailure(called: Command, error: FailedCall): Failure {
  const { file, cwd = process.cwd() } = called;
  // Somebody may be in a directory that is closed to them, where `su` or a cron job has left them.
  if (!mayExecute(cwd)) {
    const why = 'there is no such directory, or this user may not enter it';
    return new Failure(`${shellLine(called)} can't run in ${cwd}: ${why}`);
  }
  // Without a slash it says no more than that some directory of PATH is closed to this user.
  if (error.code === 'EACCES' && file.includes('/')) {
    return new Failure(`${file}: this user may not execute it`, {
      hint: `Make it executable: chmod +x ${quote(file)}`,
    });
  }
  if (error.code === 'ENOENT' || error.code === 'EACCES') {
    const known = Object.hasOwn(programs, file) ? programs[file as ProgramName] : undefined;
    return new Failure(`${file}: command not found`, {
      hint: known ? `Install the package ${known.package}.` : undefined,
    });
  }
  const how = error.signal ? `was ended by ${error.signal}` : `failed with exit code ${error.exitCode ?? 'unknown'}`;
  const said = lastLines(error.all, 20);
  return new Failure(`${shellLine(called)} ${how}${said ? `:\n${said}` : ''}`, { cause: error });
}

function interruption(signal: AbortSignal): Interrupted {
  return signal.reason instanceof Interrupted ? signal.reason : new Interrupted('abort');
}

function lastLines(text: string, count: number): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}
