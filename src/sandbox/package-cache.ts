import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { holdDirectory, isDirectoryHeld } from '../host/directory-lock.js';
import type { Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import type { Bind } from './tree-mounts.js';

/** Where a package manager keeps the packages that it downloaded. */
export interface PackageCache {
  /** In the tree. */
  readonly directory: string;
  /** Which files of it are packages: the manager knows them by name and sum. */
  readonly isPackage: (name: string) => boolean;
}

/**
 * Lends a tree the packages that builds before it downloaded, and keeps those that it downloads for builds after it.
 *
 * The tree gets a directory of its own with links to the shared files, so any number of builds may run at the same time,
 * and none sees a file that another has not finished.
 *
 * @param shared the directory of one kind of distribution in the cache; it is made
 */
export async function lendPackages<T>(
  host: Host,
  { shared, cache }: { readonly shared: string; readonly cache: PackageCache },
  action: (bind: Bind) => Promise<T>,
): Promise<T> {
  const packages = join(shared, 'packages');
  const loans = join(shared, 'lent');
  makeDirectory(packages);
  makeDirectory(loans);
  await removeAbandoned(host, loans);
  const lent = join(loans, randomBytes(8).toString('hex'));
  await mkdir(lent);
  const giveBack = await holdDirectory(host, lent, `the packages lent to a build, ${lent}`);
  const remove = host.release.hold(`the directory ${lent}`, () => rm(lent, { recursive: true, force: true }));
  try {
    await chmod(lent, 0o755);
    for (const name of (await readdir(packages)).filter(cache.isPackage)) {
      // Another build may replace it at this moment.
      await link(join(packages, name), join(lent, name)).catch(() => undefined);
    }
    const result = await action({ from: lent, to: cache.directory, mode: 'writable' });
    await keep(lent, packages, cache);
    return result;
  } finally {
    await remove();
    await giveBack();
  }
}

async function keep(lent: string, packages: string, { isPackage }: PackageCache): Promise<void> {
  for (const name of (await readdir(lent)).filter(isPackage)) {
    const [here, there] = [await stat(join(lent, name)), await stat(join(packages, name)).catch(() => undefined)];
    if (here.isFile() && here.ino !== there?.ino) await rename(join(lent, name), join(packages, name));
  }
}

/** Those of builds that were killed. */
async function removeAbandoned(host: Host, loans: string): Promise<void> {
  for (const name of await readdir(loans)) {
    const path = join(loans, name);
    const isHeld = await isDirectoryHeld(host, path).catch(() => true);
    if (!isHeld) await rm(path, { recursive: true, force: true });
  }
}
