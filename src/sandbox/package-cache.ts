import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { claimDirectory } from '../host/abandoned-directories.js';
import { reasonOf } from '../host/errno.js';
import { failureOf } from '../host/failure-of.js';
import type { Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';

/** What a tree borrows. */
export interface Loan {
  /** The directory of one kind of distribution in the cache; it is made. */
  readonly shared: string;
  /** The tree whose packages are managed. */
  readonly root: string;
}

/** Where trees get directories of their own, in that of one kind of distribution: each loan changes it. */
export const loansIn = (shared: string) => join(shared, 'lent');

/** A loan that was given. */
export interface Lent extends Loan {
  /** A directory of the tree's own, in the file system of the shared one. */
  readonly directory: string;
}

/** What builds share of the downloads of one package manager. */
export interface Downloads {
  /**
   * Puts what earlier builds kept into the empty directory, or into the tree: no more than the package manager would take
   * from its mirror, for any tree may have changed what was kept.
   *
   * @returns keeps what the build downloaded for builds after it. It may fail at any of the files: each that is among the
   *   shared ones then is whole
   */
  lend(host: Host, lent: Lent): Promise<() => Promise<void>>;
  /** Takes out of the shared directory what may be the reason for a build that failed. */
  forget(shared: string): Promise<void>;
}

/**
 * Lends a tree what its package manager downloaded in builds before it, and keeps what it downloads for builds after it, if
 * the action succeeds. Where they can't be kept, as on a full disk, the log tells it: the tree is no worse for that.
 *
 * The tree gets a directory of its own, so any number of builds may run at the same time, and none sees a file that another
 * has not finished. It goes with the build, also with one that is killed: then the next loan removes it.
 *
 * @param action gets the directory, which the package manager is to use as its own, and not to clean
 */
export async function lendPackages<T>(
  host: Host,
  downloads: Downloads,
  { shared, root }: Loan,
  action: (directory: string) => Promise<T>,
): Promise<T> {
  const loans = loansIn(shared);
  makeDirectory(loans);
  const { path: directory, remove } = await claimDirectory(host, {
    start: join(loans, 'loan-'),
    what: 'the packages lent to a build',
  });
  try {
    await chmod(directory, 0o755);
    const keep = await downloads.lend(host, { shared, root, directory });
    const result = await action(directory).catch(async (error: unknown) => {
      await downloads.forget(shared);
      throw error;
    });
    await keep().catch((error: unknown) => tellNotKept(host, shared, error));
    return result;
  } finally {
    await remove();
  }
}

/** @throws the error, if it is a fault of this program; Interrupted, if the build was stopped */
function tellNotKept({ log, signal }: Host, shared: string, error: unknown): void {
  signal.throwIfAborted();
  if (failureOf(error) === undefined) throw error;
  log.warn(`What was downloaded is not kept in ${shared} for other builds: ${reasonOf(error)}`);
}
