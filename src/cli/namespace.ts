import { spawn } from 'node:child_process';
import { storeVariable } from '../config/defaults.js';
import { reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { homeDirectory } from '../host/home-directory.js';
import { programPath } from '../host/programs.js';
import { missingForSubordinateIds } from '../host/subordinate-ids.js';
import { childExit } from './child-exit.js';

/** Set for a program that this one started again in a namespace: `user`, or `mounts` for root. */
const marker = 'IMAGE_FACTORY_NAMESPACE';

/** Signals that are meant for the program in the namespace. */
const forwarded = ['SIGTERM', 'SIGHUP'] as const;

export type Namespace = 'user' | 'mounts';

/** The namespace that this program was started again in; undefined if it was started by the user. */
export function namespaceHere(): Namespace | undefined {
  return process.env[marker] as Namespace | undefined;
}

/** The environment of the user's own commands. */
export function environmentOutside(): NodeJS.ProcessEnv {
  const { [marker]: _, ...rest } = process.env;
  void _;
  return rest;
}

/**
 * Runs this command line again where it may mount, and mounts end with it: an ordinary user becomes root of a user
 * namespace, with the subordinate ids of /etc/subuid; root gets a mount namespace.
 *
 * @returns its exit code
 */
export async function runInNamespace(namespace: Namespace, store: string): Promise<number> {
  const entering = namespace === 'mounts' ? [] : ['--user', '--map-root-user', ...subordinateIds()];
  const args = [
    ...[...entering, '--mount', '--propagation', namespace === 'mounts' ? 'slave' : 'private', '--'],
    // What is killed like this program, with SIGKILL, ends like it.
    ...['setpriv', '--pdeathsig', 'KILL', '--'],
    ...[process.execPath, ...process.execArgv, ...process.argv.slice(1)],
  ];
  const home = homeDirectory();
  const env: NodeJS.ProcessEnv = {
    ...{ ...process.env, PATH: programPath(), [marker]: namespace, [storeVariable]: store },
    // Where it is not set, the password database would have that of root for the root of a namespace.
    ...(home === undefined ? {} : { HOME: home }),
  };
  const child = spawn('unshare', args, { stdio: 'inherit', env });
  const leave = () => undefined;
  // The program in the namespace gives back what it took; killed with this one, it could not.
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  for (const name of forwarded) process.on(name, forward);
  // Ctrl-C and Ctrl-\ on the terminal reach the whole process group.
  for (const name of ['SIGINT', 'SIGQUIT'] as const) process.on(name, leave);
  try {
    return await childExit(child);
  } catch (error) {
    throw new Failure(`unshare can't be called: ${reasonOf(error)}`, { hint: 'Install the package util-linux.' });
  } finally {
    for (const name of ['SIGINT', 'SIGQUIT'] as const) process.off(name, leave);
    for (const name of forwarded) process.off(name, forward);
  }
}

/** Without subordinate ids, there is one id in the namespace: files can't be given to others. */
function subordinateIds(): string[] {
  return missingForSubordinateIds() === undefined ? ['--map-auto'] : [];
}
