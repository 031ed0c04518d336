import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '../host/digest.js';
import { makeDirectory } from '../host/make-directory.js';
import { LentFiles } from './lent-files.js';
import type { Downloads } from './package-cache.js';
import { forgetLists, keepLists, lendLists } from './package-lists.js';

const isPackage = (name: string) => name.endsWith('.deb');

/**
 * Packages and lists. Of a package in its directory, apt looks at name and size only: so those are lent whose sums the
 * lists have.
 */
export const aptDownloads: Downloads = {
  async lend(host, { shared, root, directory }) {
    const packages = join(shared, 'packages');
    const lists = join(shared, 'lists');
    makeDirectory(packages);
    const files = new LentFiles();
    const sums = await lendLists(lists, root);
    for (const name of sums.size > 0 ? (await readdir(packages)).filter(isPackage) : []) {
      const to = join(directory, name);
      // Of the copy, which no other build can change any more.
      if ((await files.lend(join(packages, name), to)) && !sums.has(await sha256Of(host, to))) await rm(to);
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
  forget: (shared) => forgetLists(join(shared, 'lists')),
};
