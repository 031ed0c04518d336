import { getSystemErrorMap } from 'node:util';
import { Failure } from './failure.js';

/** What the kernel answers with to a system call: `ENOSPC`. */
export interface SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
  readonly dest?: string;
}

/** The error as one of the kernel's; undefined for any other. */
export function errnoOf(error: unknown): SystemError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno, syscall } = error as Partial<SystemError>;
  return typeof code === 'string' && typeof errno === 'number' && typeof syscall === 'string'
    ? (error as SystemError)
    : undefined;
}

/** In the words of errno(3), where libuv has its own. */
const words: Readonly<Record<string, string>> = {
  EEXIST: 'a file of that name is there already',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EPERM: 'operation not permitted',
  EDQUOT: 'disk quota exceeded',
  ESTALE: 'stale file handle',
};

/** What to do, where it is the same wherever it happens. */
const hints: Readonly<Record<string, string>> = {
  EACCES: 'Change its permissions or those of the directories above it, or choose another place.',
  EDQUOT: 'Free some space, or choose another directory.',
  EEXIST: 'Move it away, or choose another name.',
  EFBIG: 'A limit of the file system, or of ulimit -f, is reached.',
  EIO: 'The disk may be failing: dmesg tells more.',
  ELOOP: 'Symbolic links there lead in a circle.',
  EMFILE: 'Raise the limit of open files: ulimit -n.',
  ENAMETOOLONG: 'Choose a shorter name.',
  ENFILE: 'The machine has reached its limit of open files: sysctl fs.file-max.',
  ENOSPC: 'Free some space, or choose another directory.',
  EROFS: 'Choose a directory on a file system that is mounted for writing.',
};

/** Why it went wrong, without the name of the file: `permission denied`. Of other errors, their message. */
export function reasonOf(error: unknown): string {
  const known = errnoOf(error);
  if (known === undefined) return error instanceof Error ? error.message : String(error);
  return words[known.code] ?? getSystemErrorMap().get(known.errno)?.[1] ?? known.code;
}

/** What to do about it; undefined where that depends on what was tried. */
export function hintFor(error: unknown): string | undefined {
  return hints[errnoOf(error)?.code ?? ''];
}

/** A system call that failed, as a message: the path, why, and what to do. undefined for any other error. */
export function systemFailure(error: unknown): Failure | undefined {
  const known = errnoOf(error);
  if (known === undefined) return undefined;
  const where = [known.path, known.dest].filter((path) => path !== undefined).join(' -> ');
  return new Failure(`${where || `can't ${known.syscall}`}: ${reasonOf(known)}`, {
    hint: hintFor(known),
    cause: error,
  });
}
