import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../host/failure.js';
import { fstabText } from '../../layout/fstab-text.js';
import type { Layout } from '../../layout/layout.js';
import { mountedIn } from './mount-points.js';
import type { TreeEntry } from './tree-listing.js';

/**
 * Adds what a system on a disk of its own needs: fstab(5), and directories to mount on.
 *
 * @param added the directory of what the disk adds to the tree
 * @throws UsageError for a mount point that is no directory in the tree
 */
export async function addSystemFiles(layout: Layout, entries: readonly TreeEntry[], added: string): Promise<void> {
  const kinds = new Map(entries.map(({ path, kind }) => [`/${path}`, kind]));
  const mounts = mountedIn(layout).map(({ mount }) => mount);
  const problems: string[] = [];
  for (const mount of mounts) {
    const odd = parents(mount).find((path) => !['d', undefined].includes(kinds.get(path)));
    if (odd !== undefined) {
      problems.push(
        `the mount point ${mount} can't be made: ${odd} is ${kinds.get(odd) === 'l' ? 'a symbolic link' : 'no directory'} in the tree`,
      );
      continue;
    }
    if (kinds.has(mount)) continue;
    await mkdir(join(added, mount), { recursive: true });
  }
  if (problems.length > 0) throw new UsageError(problems);
  if (layout.fstab.length === 0) return;
  await mkdir(join(added, 'etc'), { recursive: true });
  await writeFile(join(added, 'etc/fstab'), layout.fstab.map((line) => `${fstabText(line)}\n`).join(''));
}

/** `/var/log`: `/var`, `/var/log`. */
function parents(path: string): string[] {
  const names = path.split('/').filter(Boolean);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
}
