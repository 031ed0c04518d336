import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { flock, isStillAt } from './file-lock.js';
import type { Host } from './host.js';
import type { HeldDirectory } from './scratch-directory.js';

// Nothing removes the directory of a process that is killed. So each is held by flock(2), which ends with its process,
// and the next call for a directory of the same purpose removes those that nobody holds.

/** What a directory is for. */
export interface Claim {
  /** What its path begins with; the rest is at random. What begins with the same is a directory of the same purpose. */
  readonly start: string;
  /** For messages. */
  readonly what: string;
  /** Does something before a directory is removed that has been left. */
  readonly beforeRemoval?: (path: string) => Promise<void>;
}

/**
 * An empty directory that only this user can enter, until it is given back. Those of the same purpose that processes of
 * this user left when they were killed are removed.
 */
export async function claimDirectory(host: Host, claim: Claim): Promise<HeldDirectory> {
  await removeAbandoned(host, claim);
  for (;;) {
    const path = await mkdtemp(claim.start);
    const directory = await open(path);
    const remove = host.release.hold(claim.what, async () => {
      await claim.beforeRemoval?.(path);
      await rm(path, { recursive: true, force: true });
      await directory.close();
    });
    await flock(host, directory, path, []);
    // Another process may have taken it for an abandoned one before.
    if (await isStillAt(path, directory)) return { path, remove };
    await remove();
  }
}

async function removeAbandoned(host: Host, { start, beforeRemoval }: Claim): Promise<void> {
  const above = dirname(start);
  const names = await readdir(above).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(basename(start)))) {
    const path = join(above, name);
    const directory = await open(path).catch(() => undefined);
    if (directory === undefined) continue;
    try {
      const { uid } = await directory.stat();
      if (uid !== process.getuid?.() || (await flock(host, directory, path, ['--nonblock'])) !== 0) continue;
      host.log.debug(`Removing ${path}, which a process left that was killed`);
      await beforeRemoval?.(path);
      await rm(path, { recursive: true, force: true });
    } finally {
      await directory.close();
    }
  }
}
