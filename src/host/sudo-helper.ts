import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run, type Caller, type Command } from './host.js';
import { programDirectory, programVersion } from './program-directory.js';
import { findProgram, type ProgramName } from './programs.js';

/** The calls of the sudo helper, which works on the file system in a raw disk. The helper validates every word itself. */
export type HelperCall =
  | readonly [verb: 'trim' | 'subvolumes', ...disk: HelperDisk]
  | readonly [verb: 'logs' | 'clean' | 'records' | 'tree', ...disk: HelperDisk, mountPoint: string, subvolume: string]
  | readonly [verb: 'cat' | 'read' | 'wipe', ...disk: HelperDisk, mountPoint: string, subvolume: string, path: string]
  | readonly [
      verb: 'copy' | 'remove' | 'empty',
      ...disk: HelperDisk,
      mountPoint: string,
      subvolume: string,
      ...paths: readonly string[],
    ];

/** A raw disk, and the position of the file system in it, in bytes. */
export type HelperDisk = readonly [disk: string, offset: string, size: string];

const name = 'image-factory-sudo-helper';

/** The environment variable that names another helper than the program's own. */
export const helperVariable = 'IMAGE_FACTORY_SUDO_HELPER';

/**
 * The helper that belongs to this program: `PREFIX/bin` where the program is installed in `PREFIX/lib`, else the
 * checkout's own. A normal user can only use a helper that sudoers names, so from a checkout an installed one is used.
 *
 * @param program the program's directory
 */
export function helperPath(program = programDirectory, environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment[helperVariable];
  if (named) return resolve(named);
  const own = [join(program, '../../bin', name), join(program, 'sudo-helper', name)];
  const [beside = '', inCheckout = ''] = own;
  if (/\/lib\/image-factory$/.test(program) && existsSync(beside)) return beside;
  if (process.getuid?.() === 0) return inCheckout;
  const installed = ['/usr/local/bin', '/usr/bin'].map((directory) => join(directory, name)).find(existsSync);
  return installed ?? inCheckout;
}

/**
 * Checks the helper before a build depends on it: it may be of another version, or this user may not call it.
 *
 * @returns the problem and its fix; undefined if the helper can be used
 */
export async function helperTrouble(
  caller: Caller,
): Promise<{ readonly what: string; readonly fix: string } | undefined> {
  const path = helperPath();
  const fix = `install the helper of this image-factory (make install), or set ${helperVariable} to its path`;
  if (!existsSync(path)) return { what: `${path} does not exist`, fix };
  const version = await versionOf(caller, path);
  if (version !== programVersion()) {
    const which =
      version === undefined ? 'of image-factory 1, or of an unknown version' : `of image-factory ${version}`;
    return { what: `${path} is ${which}, but this is image-factory ${programVersion()}`, fix };
  }
  if (process.getuid?.() === 0) return undefined;
  if (findProgram('sudo') === undefined) return { what: 'sudo is not installed', fix: 'apt-get install sudo' };
  // Runs nothing, and succeeds if sudoers lets this user call it without a password (sudo(8), -l COMMAND).
  const { exitCode } = await run(caller, { file: 'sudo', args: ['-n', '-l', path, 'trim'] }, { accept: anyExitCode });
  if (exitCode === 0) return undefined;
  return {
    what: `this user may not call ${path} through sudo without a password`,
    fix: 'add the line from SUDOERS in image-factory-sudo-helper(1) to sudoers',
  };
}

const anyExitCode = Array.from({ length: 256 }, (_, code) => code);

/** Undefined for a helper that does not know the call, such as that of image-factory 1. */
async function versionOf(caller: Caller, path: string): Promise<string | undefined> {
  const { stdout, exitCode } = await run(caller, { file: path, args: ['version'] }, { accept: anyExitCode });
  return exitCode === 0 ? /^image-factory-sudo-helper (\S+)$/m.exec(stdout)?.[1] : undefined;
}

/** A call of the root helper: through sudo, unless this is root already. */
export function helperCommand(call: HelperCall): Command {
  // Root may name any disk. SUDO_UID, from a sudo that started image-factory, would limit it to that user's disks.
  if (process.getuid?.() === 0) return { file: helperPath(), args: call, env: { SUDO_UID: '0' } };
  return { file: 'sudo' satisfies ProgramName, args: ['-n', helperPath(), ...call] };
}
