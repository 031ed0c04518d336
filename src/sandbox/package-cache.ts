import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '../host/digest.js';
import { holdDirectory, isDirectoryHeld } from '../host/directory-lock.js';
import type { Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import { forgetLists, keepLists, lendLists } from './package-lists.js';

/** What a tree borrows. */
export interface Loan {
  /** The directory of one kind of distribution in the cache; it is made. */
  readonly shared: string;
  /** The tree, whose packages apt manages. */
  readonly root: string;
}

const isPackage = (name: string) => name.endsWith('.deb');

/**
 * Lends a tree the packages and lists that apt downloaded in builds before it, and keeps what it downloads for builds after
 * it.
 *
 * The tree gets a directory of its own with links to the shared packages, so any number of builds may run at the same time,
 * and none sees a file that another has not finished. Of a package in its directory, apt looks at name and size only: so
 * those are lent whose sums the lists have.
 *
 * @param action gets the directory of packages, which apt is to use as its own, and not to clean
 */
export async function lendPackages<T>(
  host: Host,
  { shared, root }: Loan,
  action: (directory: string) => Promise<T>,
): Promise<T> {
  const packages = join(shared, 'packages');
  const lists = join(shared, 'lists');
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
    const sums = await lendLists(lists, root);
    for (const name of sums.size > 0 ? (await readdir(packages)).filter(isPackage) : []) {
      // Another build may replace it at this moment.
      const isLinked = await link(join(packages, name), join(lent, name)).then(
        () => true,
        () => false,
      );
      if (isLinked && !sums.has(await sha256Of(host, join(lent, name)))) await rm(join(lent, name));
    }
    const result = await action(lent).catch(async (error: unknown) => {
      // Should they be the reason, the next build has none.
      await forgetLists(lists);
      throw error;
    });
    await keep(lent, packages);
    await keepLists(lists, root, lent);
    return result;
  } finally {
    await remove();
    await giveBack();
  }
}

async function keep(lent: string, packages: string): Promise<void> {
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
