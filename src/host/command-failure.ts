import { quote } from 'shlex';
import { errnoOf, reasonOf } from './errno.js';
import { Failure } from './failure.js';
import { mayExecute, programs, type ProgramName } from './programs.js';

/** How a call ended, as execa reports it. */
export interface EndedCall {
  readonly failed: boolean;
  readonly exitCode?: number | undefined;
  /** The signal that ended it. */
  readonly signal?: string | undefined;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isMaxBuffer: boolean;
  readonly isForcefullyTerminated: boolean;
  /** Node's error, if the program could not be started. */
  readonly code?: string | undefined;
  readonly cause?: unknown;
  /** The end of its output. */
  readonly said: string;
}

/** What was called, and where. */
interface Called {
  readonly file: string;
  readonly cwd?: string;
}

/** Its time limit. */
interface Bounds {
  /** Milliseconds. */
  readonly timeLimit: number | undefined;
  readonly killSignal: NodeJS.Signals;
}

/** The failure of a call, in one sentence. @param line the command, as a shell would read it */
export function commandFailure(called: Called, line: string, ended: EndedCall & Bounds): Failure {
  return (
    notStarted(called, line, ended) ??
    new Failure(`${line} ${howItEnded(ended)}${quoted(ended.said)}`, { cause: ended.cause })
  );
}

function quoted(said: string): string {
  return said === '' ? '' : `:\n${said}`;
}

function howItEnded(ended: EndedCall & Bounds): string {
  switch (true) {
    case ended.timedOut:
      return `did not finish within ${(ended.timeLimit ?? 0) / 1000} seconds, and was terminated`;
    case ended.isMaxBuffer:
      return 'printed more than 64 MiB, and was terminated';
    case ended.isForcefullyTerminated:
      return `did not stop after ${ended.killSignal}, and was killed`;
    case ended.isCanceled:
      return `was terminated by image-factory with ${ended.killSignal}`;
    case ended.signal !== undefined:
      return `was terminated by ${ended.signal}`;
    default:
      return `failed with exit code ${ended.exitCode ?? 'unknown'}`;
  }
}

/** The failure of a call that started no process: its directory, its file or its arguments are wrong. */
function notStarted({ file, cwd }: Called, line: string, { code, cause }: EndedCall): Failure | undefined {
  const directory = currentDirectory(cwd);
  // `su` or a cron job may start image-factory in a directory that the user may not enter.
  if (directory === undefined || !mayExecute(directory)) {
    const why = 'there is no such directory, or this user may not enter it';
    return new Failure(`${line} can't run in ${directory ?? 'the current directory'}: ${why}`);
  }
  switch (code) {
    case undefined:
      return undefined;
    case 'ENOENT':
      return notFound(file);
    case 'EACCES':
      // For a name without a slash, EACCES only means that the user may not enter some directory of PATH.
      if (!file.includes('/')) return notFound(file);
      return new Failure(`${file}: this user may not execute it`, {
        hint: `Make it executable: chmod +x ${quote(file)}`,
      });
    case 'ENOEXEC':
      return new Failure(`${file}: this machine can't run it: it is not a program`, {
        hint: "If it is a script, name its interpreter in the first line, as in '#!/bin/sh'.",
      });
    case 'E2BIG':
      return new Failure(`${file} can't be called: its arguments and the environment are too long`);
    case 'ERR_INVALID_ARG_VALUE':
      return new Failure("a command can't begin with an empty word");
    default:
      return errnoOf(cause) === undefined
        ? undefined
        : new Failure(`${file} can't be called: ${reasonOf(cause)}`, { cause });
  }
}

function notFound(file: string): Failure {
  const known = Object.hasOwn(programs, file) ? programs[file as ProgramName] : undefined;
  return new Failure(`${file}: command not found`, {
    hint: known ? `Install the package ${known.package}.` : undefined,
  });
}

function currentDirectory(cwd: string | undefined): string | undefined {
  try {
    return cwd ?? process.cwd();
  } catch {
    return undefined;
  }
}
