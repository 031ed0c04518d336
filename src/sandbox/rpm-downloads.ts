import { readdir, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { makeDirectory } from '../host/make-directory.js';
import { LentFiles } from './lent-files.js';
import type { Downloads } from './package-cache.js';

// What dnf, dnf5 and zypper find in their directories, they compare with the sums of the metadata, and these with those of
// repomd.xml, which both dnfs fetch each time when they are told to refresh. Two things must not be lent, though. Both dnfs
// believe their own digest of the metadata (*.solv) without them. And they believe a sum that an extended attribute of a
// file tells (user.librepo.checksum.sha256), so the tree gets copies, which have none. They also write over a package that
// has another sum, so links would let one build write into the packages of another one.

/** Where packages and metadata are kept, in the directory of one kind of distribution. */
export const rpmsIn = (shared: string) => join(shared, 'rpms');

/** What is shared of a directory of downloads, by the paths in it. */
interface SharedFiles {
  readonly packages: RegExp;
  /** The metadata of a repository, all of which is replaced when one of its files is. */
  readonly metadata?: RegExp;
}

const dnfMetadata = /^[^/]+\/repodata\/[^/]+$/;

/** Whether a file is metadata, by its path below {@link rpmsIn}. */
export const isMetadata = (path: string) => dnfMetadata.test(path);

/** Those of dnf and dnf5: `fedora-0123456789abcdef/packages/bash.rpm` and `fedora-0123456789abcdef/repodata/repomd.xml`. */
export const dnfDownloads = rpmDownloads({
  packages: /^[^/]+\/packages\/[^/]+\.rpm$/,
  metadata: dnfMetadata,
});

/**
 * `repo-oss/x86_64/bash.rpm`. No metadata: zypper does not check what it has of it for some minutes, or not at all where a
 * repository says so.
 */
export const zypperDownloads = rpmDownloads({
  // A file never has the name of a directory of another build.
  packages: /^(?:[^/]+(?<!\.rpm)\/)+[^/]+\.rpm$/,
});

function rpmDownloads({ packages, metadata }: SharedFiles): Downloads {
  const filesIn = async (directory: string) =>
    (await filesBelow(directory)).filter((path) => packages.test(path) || metadata?.test(path));
  return {
    async lend(_host, { shared, directory }) {
      const kept = rpmsIn(shared);
      makeDirectory(kept);
      const files = new LentFiles();
      // What is not lent is fetched.
      for (const path of await filesIn(kept)) await files.lend(join(kept, path), join(directory, path));
      return async () => {
        const there = await filesIn(directory);
        for (const path of there) await files.keep(join(directory, path), join(kept, path));
        const repositories = new Set(there.filter((path) => metadata?.test(path)).map(dirname));
        for (const path of await filesIn(kept)) {
          if (repositories.has(dirname(path)) && !there.includes(path)) await rm(join(kept, path), { force: true });
        }
      };
    },
    async forget(shared) {
      const kept = rpmsIn(shared);
      for (const path of await filesBelow(kept)) {
        if (metadata?.test(path)) await rm(join(kept, path), { force: true });
      }
    },
  };
}

/** The paths of plain files. What symbolic links lead to is not among them. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}
