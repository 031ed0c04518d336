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
  /** The encoding of its output (default: UTF-8). With `latin1`, each character is one byte. */
  readonly encoding?: 'latin1';
  /** Environment variables to set, or to remove (undefined). */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What logs and errors show of a call that means nothing to people (default: its words). */
  readonly shown?: string;
}

/** A call of one of the programs in the table {@link programs}, with English messages. */
export function command(
  program: ProgramName,
  args: readonly string[],
  options: Pick<Command, 'cwd' | 'input' | 'encoding' | 'env' | 'shown'> = {},
): Command {
  return { file: program, args, ...options, env: { LC_ALL: 'C.UTF-8', PATH: programPath(), ...options.env } };
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** The machine as one build sees it: its log, the signal that stops it, and the resources to release. */
export interface Host {
  readonly log: Log;
  /** Aborted by Ctrl-C, SIGTERM and SIGHUP; its reason is an {@link Interrupted}. */
  readonly signal: AbortSignal;
  /** Everything that the build takes is registered here when it is taken. */
  readonly release: ReleaseStack;
  /**
   * Where that is made which is needed for the time being: of a build, its work directory, which the next build clears if
   * this one is killed. Default: the directory for temporary files.
   */
  readonly scratch?: string;
  /** What others are told that wait for it: `the build of web`. Without it, they are told a process. */
  readonly doing?: string;
}

/** What a call of a program needs: a log, and a signal that stops it. */
export interface Caller extends Pick<Host, 'log' | 'signal' | 'scratch'> {
  /** The time limit for each program, in milliseconds (default: none). */
  readonly timeLimit?: number;
  /** 'own': neither Ctrl-C on the terminal nor its hang-up reaches the program. Default: the session of the caller. */
  readonly session?: 'own';
}

/** The time limit for a program that releases a resource, in milliseconds. */
const releaseTimeout = 60_000;

/**
 * The same host, for releasing resources after the build was stopped. Only the time limit ends its programs.
 */
export function insistently({ log }: Pick<Host, 'log'>): Caller {
  return { log, signal: new AbortController().signal, timeLimit: releaseTimeout, session: 'own' };
}

/** A command, quoted for a shell. */
export function shellLine({ file, args, shown }: Pick<Command, 'file' | 'args' | 'shown'>): string {
  return shown ?? [file, ...args].map(quote).join(' ');
}

/** How to call and to stop a program. */
export interface RunOptions {
  /** Exit codes that are not a failure (default: only 0). */
  readonly accept?: readonly number[];
  /** Stops the command, instead of the caller's signal. */
  readonly signal?: AbortSignal;
  /** The signal that stops the command (default: SIGTERM). */
  readonly killSignal?: NodeJS.Signals;
  /** The time that it then has until SIGKILL, in milliseconds (default: 5000). */
  readonly killAfter?: number;
  /** Overrides that of the caller. */
  readonly session?: 'own';
  /** Overrides that of the caller. Milliseconds. */
  readonly timeLimit?: number;
  /** How long to wait for output after the program has exited, in milliseconds (default: 5000). */
  readonly outputPatience?: number;
}

/**
 * Runs a command, and returns its output: at most 64 MiB.
 *
 * @param options.stdoutFile takes standard output, byte for byte; it is then not in the result
 * @throws Failure with the command, its exit code and the end of its output
 * @throws Interrupted if the build was stopped
 */
export async function run(
  caller: Caller,
  called: Command,
  options: RunOptions & { readonly stdoutFile?: string } = {},
): Promise<CommandResult> {
  const { stdoutFile } = options;
  // Output to a file is not kept, so nothing would drain the pipe.
  const output: Options =
    stdoutFile === undefined ? { all: true } : { stdout: { file: stdoutFile }, buffer: { stdout: false } };
  const result = await start(caller, called, { ...output, maxBuffer: 64 * 1024 * 1024 }, options);
  const { stdout, stderr, all } = result as { stdout?: string; stderr?: string; all?: string };
  const exitCode = judge(caller, called, { ...result, said: lastLines(all ?? stderr ?? '') }, options);
  return { stdout: stdout ?? '', stderr: stderr ?? '', exitCode };
}

/**
 * Runs a command with long output: passes on each line as it comes, and keeps only the last ones for its failure.
 *
 * @throws Failure with the command, its exit code and the last lines of its output
 * @throws Interrupted if the build was stopped
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

/** The lines of a program's output that an error quotes. */
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
    throw new Failure(`${shellLine(called)}: a command can't contain a NUL byte`);
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
    caller.log.warn(`${shellLine(called)} left processes running that hold its output open; not waiting for them`),
  );
  return child;
}

/** @returns the exit code, if it is not a failure */
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

/** How long to wait for a program's output after it has exited, in milliseconds. */
const usualOutputPatience = 5000;

/**
 * A call ends when its process exits. A process that it leaves running, such as a `nohup … &` in a hook, may inherit its
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

/** Why the caller was stopped. Without a reason, the signal's own is a DOMException. */
function interruption({ reason }: AbortSignal): Error {
  return reason instanceof Error && !(reason instanceof DOMException) ? reason : new Interrupted('its caller');
}
