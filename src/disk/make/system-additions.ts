import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../host/failure.js';
import type { FstabLine, Layout } from '../../layout/layout.js';
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
  const subvolumes = layout.fileSystems.flatMap((fileSystem) => fileSystem.subvolumes);
  const mounts = [...mountedIn(layout), ...subvolumes].flatMap(({ mount }) => (mount === undefined ? [] : [mount]));
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
  await writeFile(join(added, 'etc/fstab'), fstab(layout.fstab));
}

/** `/var/log`: `/var`, `/var/log`. */
function parents(path: string): string[] {
  const names = path.split('/').filter(Boolean);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
}

/** The text of fstab(5): blanks within a field as octal numbers. */
export function fstab(lines: readonly FstabLine[]): string {
  return lines
    .map(({ device, mount, type, options, dump, pass }) =>
      [device, mount, type, options.join(',') || 'defaults', String(dump), String(pass)].map(field).join(' '),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function field(text: string): string {
  return text.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
