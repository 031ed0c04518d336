import { quote } from 'shlex';
import { errnoOf, reasonOf } from './errno.js';
import { Failure } from './failure.js';
import { mayExecute, programs, type ProgramName } from './programs.js';

/** How a call ended, as execa tells it. */
export interface EndedCall {
  readonly failed: boolean;
  readonly exitCode?: number | undefined;
  /** The signal that ended it. */
  readonly signal?: string | undefined;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isMaxBuffer: boolean;
  readonly isForcefullyTerminated: boolean;
  /** Of Node, where the program could not be started. */
  readonly code?: string | undefined;
  readonly cause?: unknown;
  /** The end of what it said. */
  readonly said: string;
}

/** What was called, and where. */
interface Called {
  readonly file: string;
  readonly cwd?: string;
}

/** What it was allowed. */
interface Bounds {
  /** Milliseconds. */
  readonly timeLimit: number | undefined;
  readonly killSignal: NodeJS.Signals;
}

/** Says in one sentence why a call failed. @param line the command, as a shell would read it */
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
      return `did not end within ${(ended.timeLimit ?? 0) / 1000} seconds, and was ended`;
    case ended.isMaxBuffer:
      return 'said more than 64 MiB, and was ended';
    case ended.isForcefullyTerminated:
      return `did not end after ${ended.killSignal}, and was killed`;
    case ended.isCanceled:
      return `was ended by image-factory with ${ended.killSignal}`;
    case ended.signal !== undefined:
      return `was ended by ${ended.signal}`;
    default:
      return `failed with exit code ${ended.exitCode ?? 'unknown'}`;
  }
}

/** Where there was no process at all: the directory, the file, or the words of the call are wrong. */
function notStarted({ file, cwd }: Called, line: string, { code, cause }: EndedCall): Failure | undefined {
  const directory = currentDirectory(cwd);
  // A user may be in a directory that is closed to him, where `su` or a cron job has left him.
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
      // Without a slash it says no more than that some directory of PATH is closed to this user.
      if (!file.includes('/')) return notFound(file);
      return new Failure(`${file}: this user may not execute it`, {
        hint: `Make it executable: chmod +x ${quote(file)}`,
      });
    case 'ENOEXEC':
      return new Failure(`${file}: it is no program that this machine can run`, {
        hint: "Is it a script? Its first line must name its interpreter, as in '#!/bin/sh'.",
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
