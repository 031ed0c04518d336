import { readFile } from 'node:fs/promises';
import { Failure } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import type { ProgramName } from '../host/programs.js';
import { missingForSubordinateIds } from '../host/subordinate-ids.js';

/**
 * The words that start a program where it may mount, and where its mounts and processes end with it: an ordinary user
 * becomes root of a user namespace, with the subordinate ids of /etc/subuid; root gets a mount namespace. The program is
 * process 1 of a process namespace, so that nothing it starts outlives it, and ends when its parent is killed.
 */
export function enteringWords(uid = process.getuid?.()): readonly [ProgramName, ...string[]] {
  const withParent = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;
  const processes = ['--pid', '--fork', '--kill-child=KILL', '--'];
  if (uid === 0) return [...withParent, 'unshare', '--mount', '--propagation', 'slave', ...processes];
  const asUser = ['--user', '--map-root-user', '--map-auto', '--mount', '--propagation', 'private', '--'];
  // Entering a user namespace clears the signal of the parent's death, so it is asked for afterwards.
  return ['unshare', ...asUser, ...withParent, 'unshare', ...processes];
}

/** What keeps programs from being run in a tree, and what to do. */
export interface ClosedNamespaces {
  readonly what: string;
  readonly fix: string;
}

let tried: Promise<ClosedNamespaces | undefined> | undefined;

/**
 * Why programs can't be run in a tree here; undefined where they can.
 *
 * Some containers and security modules close namespaces, and only trying tells. It is tried once: what a process may do
 * does not change while it builds, and all that it builds is to be made in the same way.
 */
export function whyNoNamespaces(caller: Caller): Promise<ClosedNamespaces | undefined> {
  tried ??= tryNamespaces(caller).catch((error: unknown) => {
    // The caller was stopped, which tells nothing.
    tried = undefined;
    throw error;
  });
  return tried;
}

async function tryNamespaces(caller: Caller): Promise<ClosedNamespaces | undefined> {
  const ids = process.getuid?.() === 0 ? undefined : missingForSubordinateIds();
  if (ids !== undefined) return ids;
  const [file, ...words] = enteringWords();
  try {
    await run(caller, command(file, [...words, 'mount', '-t', 'tmpfs', 'none', '/mnt']));
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const reason = error.message.split('\n').at(-1) ?? error.message;
    return {
      what: `namespaces are closed here: ${reason}`,
      fix: 'Run it outside of a container, or in one that may mount (CAP_SYS_ADMIN); sysctl kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns close them for ordinary users.',
    };
  }
}

/** Whether this process is root of a user namespace only. */
export async function isInUserNamespace(): Promise<boolean> {
  const map = await readFile('/proc/self/uid_map', 'utf8');
  return map.trim().replace(/\s+/g, ' ') !== '0 0 4294967295';
}
