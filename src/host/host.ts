import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa, type Options } from 'execa';
import { quote } from 'shlex';
import { commandFailure, type EndedCall } from './command-failure.js';
import { Failure, Interrupted } from './failure.js';
import { LastLines, Lines } from './lines.js';
import type { Log } from './log.js';
import { programPath, searchPath, type ProgramName } from './programs.js';
import type { ReleaseStack } from './release-stack.js';

/** One call of a program, as data: the same value is run, logged and printed by --dry-run. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Text or bytes for standard input; without it, standard input is empty. */
  readonly input?: string | Uint8Array;
  /** How its output is read (default: UTF-8). With `latin1`, each character is a byte as it came. */
  readonly encoding?: 'latin1';
  /** Variables set in the environment, or taken from it by undefined. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A call of one of the programs that image-factory is known to need; its messages come in English. */
export function command(
  program: ProgramName,
  args: readonly string[],
  options: Pick<Command, 'cwd' | 'input' | 'encoding' | 'env'> = {},
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
export interface Caller extends Pick<Host, 'log' | 'signal'> {
  /** Milliseconds for each program; without it, a program has the time that it takes. */
  readonly timeLimit?: number;
  /** 'own': neither Ctrl-C on the terminal nor its hang-up reaches the program. Default: the session of the caller. */
  readonly session?: 'own';
}

/** Milliseconds that a program may take which releases something. */
const releaseTimeout = 60_000;

/**
 * The same host for what must be done also after the build was told to stop: releasing what it holds. Nothing but time
 * ends the programs that are called so.
 */
export function insistently({ log }: Pick<Host, 'log'>): Caller {
  return { log, signal: new AbortController().signal, timeLimit: releaseTimeout, session: 'own' };
}

/** A command as a line that a shell would read back as the same words. */
export function shellLine({ file, args }: Pick<Command, 'file' | 'args'>): string {
  return [file, ...args].map(quote).join(' ');
}

/** How a program is called and ended. */
export interface RunOptions {
  /** Exit codes that are no failure (default: only 0). */
  readonly accept?: readonly number[];
  /** Ends the command, if something other than the caller's own signal shall do so. */
  readonly signal?: AbortSignal;
  /** How the command is ended (default: SIGTERM). */
  readonly killSignal?: NodeJS.Signals;
  /** Milliseconds that it then gets to end by itself (default: 5000). */
  readonly killAfter?: number;
  /** Overrides that of the caller. */
  readonly session?: 'own';
  /** Overrides that of the caller. Milliseconds. */
  readonly timeLimit?: number;
  /** Milliseconds for output that is still to come when the program has ended (default: 5000). */
  readonly outputPatience?: number;
}

/**
 * Runs a command to its end, and keeps what it says: at most 64 MiB.
 *
 * @param options.stdoutFile takes standard output, byte for byte; it is then not in the result
 * @throws Failure with the command, its exit code and the end of what it said
 * @throws Interrupted when the build was told to stop
 */
export async function run(
  caller: Caller,
  called: Command,
  options: RunOptions & { readonly stdoutFile?: string } = {},
): Promise<CommandResult> {
  const { stdoutFile } = options;
  // What goes to a file is no message, and nothing would drain it.
  const output: Options =
    stdoutFile === undefined ? { all: true } : { stdout: { file: stdoutFile }, buffer: { stdout: false } };
  const result = await start(caller, called, { ...output, maxBuffer: 64 * 1024 * 1024 }, options);
  const { stdout, stderr, all } = result as { stdout?: string; stderr?: string; all?: string };
  const exitCode = judge(caller, called, { ...result, said: lastLines(all ?? stderr ?? '') }, options);
  return { stdout: stdout ?? '', stderr: stderr ?? '', exitCode };
}

/**
 * Runs a command that may take long and say much: each line of its output is told as it comes, and not kept.
 *
 * @throws Failure with the command, its exit code and the last lines of what it said
 * @throws Interrupted when the build was told to stop
 */
export async function follow(
  caller: Caller,
  called: Command,
  onLine: (line: string) => void,
  options: RunOptions = {},
): Promise<void> {
  const last = new LastLines(shownLines);
  const lines = new Lines((line) => {
    last.add(line);
    onLine(line);
  });
  const child = start(caller, called, { all: true, buffer: false }, options);
  child.all?.on('data', (chunk: Uint8Array) => lines.write(chunk));
  const result = await child;
  lines.end();
  judge(caller, called, { ...result, said: last.text() }, options);
}

/** Lines of a program's output that a message shows. */
const shownLines = 20;

function lastLines(text: string): string {
  const last = new LastLines(shownLines);
  text.split('\n').forEach((line) => last.add(line));
  return last.text();
}

function start(caller: Caller, called: Command, output: Options, options: RunOptions) {
  caller.signal.throwIfAborted();
  caller.log.debug(`Calling ${shellLine(called)}`);
  if ([called.file, ...called.args].some((word) => word.includes('\0'))) {
    throw new Failure(`${shellLine(called)}: a command can't have a NUL byte`);
  }
  const timeout = options.timeLimit ?? caller.timeLimit;
  const child = execa(called.file, called.args, {
    ...(called.cwd === undefined ? {} : { cwd: called.cwd }),
    ...(called.input === undefined ? { stdin: 'ignore' as const } : { input: called.input }),
    ...(called.encoding === undefined ? {} : { encoding: called.encoding }),
    env: { PATH: searchPath(), ...called.env },
    cancelSignal: options.signal ?? caller.signal,
    killSignal: options.killSignal ?? 'SIGTERM',
    forceKillAfterDelay: options.killAfter ?? 5000,
    ...(timeout === undefined ? {} : { timeout }),
    detached: (options.session ?? caller.session) === 'own',
    reject: false,
    ...output,
  });
  dropLateOutput(child, child, options.outputPatience ?? usualOutputPatience, () =>
    caller.log.warn(`${shellLine(called)} has left processes behind that hold its output; they are not waited for`),
  );
  return child;
}

/** @returns the exit code, where it is one of those that are no failure */
function judge(caller: Caller, called: Command, ended: EndedCall, options: RunOptions): number {
  if (caller.signal.aborted) throw interruption(caller.signal);
  const exitCode = ended.exitCode ?? -1;
  if (!ended.failed || options.accept?.includes(exitCode)) return exitCode;
  throw commandFailure(called, shellLine(called), {
    ...ended,
    timeLimit: options.timeLimit ?? caller.timeLimit,
    killSignal: options.killSignal ?? 'SIGTERM',
  });
}

/** How long a program's output is waited for when it has ended, in milliseconds. */
const usualOutputPatience = 5000;

/**
 * A program is over when its process is. What it left running, such as a `nohup … &` in a hook, may have inherited its
 * output and keep that open for ever.
 */
function dropLateOutput(child: ChildProcess, ended: Promise<unknown>, patience: number, tell: () => void): void {
  const over = new AbortController();
  child.once('exit', () => {
    sleep(patience, undefined, { signal: over.signal }).then(
      () => {
        tell();
        child.stdout?.destroy();
        child.stderr?.destroy();
      },
      () => undefined,
    );
  });
  void ended.then(() => over.abort());
}

/** Why the caller was told to stop. Where it gave no reason, the signal's own is an exception of the DOM. */
function interruption({ reason }: AbortSignal): Error {
  return reason instanceof Error && !(reason instanceof DOMException) ? reason : new Interrupted('its caller');
}
