import { link, lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '../host/digest.js';
import { makeDirectory } from '../host/make-directory.js';
import type { Downloads } from './package-cache.js';
import { forgetLists, keepLists, lendLists } from './package-lists.js';

const isPackage = (name: string) => name.endsWith('.deb');

/**
 * Packages and lists. The packages are links to the shared ones. Of a package in its directory, apt looks at name and size
 * only: so those are lent whose sums the lists have.
 */
export const aptDownloads: Downloads = {
  async lend(host, { shared, root, directory }) {
    const packages = join(shared, 'packages');
    const lists = join(shared, 'lists');
    makeDirectory(packages);
    const sums = await lendLists(lists, root);
    for (const name of sums.size > 0 ? (await readdir(packages)).filter(isPackage) : []) {
      // Another build may replace it at this moment.
      const isLinked = await link(join(packages, name), join(directory, name)).then(
        () => true,
        () => false,
      );
      if (isLinked && !sums.has(await sha256Of(host, join(directory, name)))) await rm(join(directory, name));
    }
    return async () => {
      await keepPackages(directory, packages);
      await keepLists(lists, root, directory);
    };
  },
  // Should they be the reason, the next build has none, and so no packages either.
  forget: (shared) => forgetLists(join(shared, 'lists')),
};

async function keepPackages(directory: string, packages: string): Promise<void> {
  for (const name of (await readdir(directory)).filter(isPackage)) {
    const [here, there] = [await lstat(join(directory, name)), await stat(join(packages, name)).catch(() => undefined)];
    if (here.isFile() && here.ino !== there?.ino) await rename(join(directory, name), join(packages, name));
  }
}
