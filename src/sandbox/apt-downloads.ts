import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '../host/digest.js';
import type { Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import { LentFiles } from './lent-files.js';
import type { Downloads } from './package-cache.js';
import { forgetLists, keepLists, lendLists } from './package-lists.js';

/** Where packages are kept, in the directory of one kind of distribution. */
export const packagesIn = (shared: string) => join(shared, 'packages');

/** Where their lists are. */
export const listsIn = (shared: string) => join(shared, 'lists');

const isPackage = (name: string) => name.endsWith('.deb');

/** Milliseconds. What was kept before is no package of a build that is about to keep its lists, too. */
const day = 24 * 60 * 60 * 1000;

/**
 * Packages and lists. Of a package in its directory, apt looks at name and size only: so those are lent whose sums the
 * lists have. Those that none of the kept lists names any more are removed, since nothing would lend them again. Lists are
 * not signed here, so one that lies can make a build fetch a package again, and no more.
 */
export const aptDownloads: Downloads = {
  async lend(host, { shared, root, directory }) {
    const packages = packagesIn(shared);
    const lists = listsIn(shared);
    makeDirectory(packages);
    const files = new LentFiles();
    const { lent, others, areAll } = await lendLists(lists, root);
    for (const name of lent.size > 0 ? (await readdir(packages)).filter(isPackage) : []) {
      const from = join(packages, name);
      const to = join(directory, name);
      if (!(await files.lend(from, to))) continue;
      // Of the copy, which no other build can change any more.
      const sum = await sha256Of(host, to);
      if (lent.has(sum)) continue;
      await rm(to);
      if (areAll && !others.has(sum)) await removeSuperseded(host, from);
    }
    return async () => {
      for (const name of (await readdir(directory)).filter(isPackage)) {
        const from = join(directory, name);
        if ((await lstat(from)).isFile()) await files.keep(from, join(packages, name));
      }
      await keepLists(lists, root, directory);
    };
  },
  // Should they be the reason, the next build has none, and so no packages either.
  forget: (shared) => forgetLists(listsIn(shared)),
};

/** Removes a package, unless a build has kept it, or another in its place, not long ago. */
async function removeSuperseded({ log }: Host, path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined || Date.now() - status.mtimeMs < day) return;
  log.debug(`Removing ${path}: no list has it any more`);
  await rm(path, { force: true });
}
