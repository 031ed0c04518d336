import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listsIn, packagesIn } from './apt-downloads.js';
import { loansIn } from './package-cache.js';
import { filesBelow, isMetadata, rpmsIn } from './rpm-downloads.js';

/** A file that builds share. */
export interface KeptDownload {
  readonly path: string;
  readonly bytes: number;
  /** When it was kept. Of what comes with the packages, lists and metadata, when a build used it last. */
  readonly time: Date;
}

/** What builds share of the downloads of one package manager, on one kind of distribution. */
export interface KindOfDownloads {
  /** `debian-13`. */
  readonly kind: string;
  readonly directory: string;
  readonly files: readonly KeptDownload[];
  /** When a build borrowed them last. */
  readonly lastUsed: Date;
}

/**
 * What builds share.
 *
 * @param cache the directory with one of each kind of distribution
 * @param except the names of its directories that are something else
 */
export async function keptDownloads(cache: string, except: readonly string[]): Promise<KindOfDownloads[]> {
  const entries = await readdir(cache, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory() && !except.includes(entry.name)).map(({ name }) => name);
  const found: KindOfDownloads[] = [];
  for (const kind of names.sort()) {
    const directory = join(cache, kind);
    // Each loan is made in there.
    const lent = await stat(loansIn(directory)).catch(() => undefined);
    if (lent === undefined) continue;
    const files = await filesOf(directory, lent.mtime);
    if (files.length > 0) found.push({ kind, directory, files, lastUsed: lent.mtime });
  }
  return found;
}

/** Removes a file that builds share: those that run have copies, and those after them fetch it again. */
export async function removeDownload({ path }: KeptDownload): Promise<void> {
  await rm(path, { force: true });
}

async function filesOf(directory: string, lastUsed: Date): Promise<KeptDownload[]> {
  const files: KeptDownload[] = [];
  for (const place of [packagesIn, listsIn, rpmsIn].map((within) => within(directory))) {
    for (const name of await filesBelow(place).catch(() => [])) {
      const path = join(place, name);
      const status = await stat(path).catch(() => undefined);
      if (status === undefined) continue;
      // They are as old as the mirror's, and are needed with packages that came later.
      const isUsedWhole = place === listsIn(directory) || isMetadata(name);
      files.push({ path, bytes: status.size, time: isUsedWhole ? lastUsed : status.mtime });
    }
  }
  return files;
}
