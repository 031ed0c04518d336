import { spawn } from 'node:child_process';
import { errnoOf, reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { findExecutable } from '../host/programs.js';
import { childExit } from './child-exit.js';
import { storeVariable } from '../config/defaults.js';
import { environmentOutside } from './namespace.js';

/** The flags of commands that run another one in a mounted tree. */
export interface HeldFlags {
  /** Whether the tree is the command's root directory; otherwise it is the current one. */
  readonly chroot?: boolean;
}

/** The kernel's file systems, for a command whose root is the tree: where the tree has a directory for them. */
const kernelFileSystems =
  'for name in proc sys dev; do [ ! -d "$0/$name" ] || mount --rbind "/$name" "$0/$name"; done; ';

/**
 * Runs the user's command in a mounted tree, on the terminal of this program. A signal that ends this program ends the
 * command; Ctrl-C on a terminal reaches the command itself.
 *
 * @returns its exit code, as a shell gives it
 */
export async function runInTree(
  words: readonly string[],
  { tree, store, chroot }: HeldFlags & { readonly tree: string; readonly store: string },
): Promise<number> {
  const [file = '', ...args] = chroot
    ? ['/bin/sh', '-c', `${kernelFileSystems}exec chroot "$0" "$@"`, tree, ...words]
    : words;
  const env = { ...environmentOutside(), [storeVariable]: store };
  const child = spawn(file, args, { stdio: 'inherit', cwd: tree, env });
  try {
    return await childExit(child);
  } catch (error) {
    const isMissing = errnoOf(error)?.code === 'ENOENT' && findExecutable(file) === undefined;
    throw new Failure(`${file}: ${isMissing ? 'command not found' : reasonOf(error)}`);
  }
}
