import { getSystemErrorMap } from 'node:util';
import { Failure } from './failure.js';

/** An error of a system call, with its code, such as `ENOSPC`. */
export interface SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
  readonly dest?: string;
}

/** The error, if a system call caused it; else undefined. */
export function errnoOf(error: unknown): SystemError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno, syscall } = error as Partial<SystemError>;
  return typeof code === 'string' && typeof errno === 'number' && typeof syscall === 'string'
    ? (error as SystemError)
    : undefined;
}

/** The text of errno(3), for codes where libuv's differs. */
const words: Readonly<Record<string, string>> = {
  EEXIST: 'a file of that name is there already',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EPERM: 'operation not permitted',
  EDQUOT: 'disk quota exceeded',
  ESTALE: 'stale file handle',
};

/** What to do, for codes where that does not depend on the operation. */
const hints: Readonly<Record<string, string>> = {
  EACCES: 'Change its permissions or those of the directories above it, or choose another place.',
  EDQUOT: 'Free some space, or choose another directory.',
  EEXIST: 'Move it away, or choose another name.',
  EFBIG: 'The file system or ulimit -f limits the size of files.',
  EIO: 'The disk may be failing: see dmesg.',
  ELOOP: 'Remove the circular symbolic links.',
  EMFILE: 'Raise the limit of open files: ulimit -n.',
  ENAMETOOLONG: 'Choose a shorter name.',
  ENFILE: "Raise the machine's limit of open files: sysctl fs.file-max.",
  ENOSPC: 'Free some space, or choose another directory.',
  EROFS: 'Choose a directory on a writable file system.',
};

/** Why an operation failed, without the file's name: `permission denied`. For other errors, their message. */
export function reasonOf(error: unknown): string {
  const known = errnoOf(error);
  if (known === undefined) return error instanceof Error ? error.message : String(error);
  return words[known.code] ?? getSystemErrorMap().get(known.errno)?.[1] ?? known.code;
}

/** What to do about it; undefined if that depends on the operation. */
export function hintFor(error: unknown): string | undefined {
  return hints[errnoOf(error)?.code ?? ''];
}

/** The error, with the file that it is about: one that comes of a descriptor does not know it. */
export function naming(path: string, error: unknown): unknown {
  const known = errnoOf(error);
  return known === undefined || known.path !== undefined ? error : Object.assign(known, { path });
}

/** The message of a failed system call: the path, why, and what to do. undefined for any other error. */
export function systemFailure(error: unknown): Failure | undefined {
  const known = errnoOf(error);
  if (known === undefined) return undefined;
  if (known.syscall === 'uv_cwd') {
    return new Failure(`the current directory can't be used: ${reasonOf(known)}`, {
      hint: known.code === 'ENOENT' ? 'It was removed. Change to another one.' : hintFor(known),
      cause: error,
    });
  }
  const where = [known.path, known.dest].filter((path) => path !== undefined).join(' -> ');
  return new Failure(`${where || `can't ${known.syscall}`}: ${reasonOf(known)}`, {
    hint: hintFor(known),
    cause: error,
  });
}
