import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../host/failure.js';
import { bytesOf, readable } from '../ext-directory.js';
import type { Content } from './content.js';
import type { TreeEntry } from './tree-listing.js';

/**
 * A prototype file for `mkfs.xfs -p` (mkfs.xfs(8)) in the view's directory, of bytes, a character for each. Its words end at blanks.
 *
 * @param entries sorted by path, the top first
 * @throws UsageError for names that such a file can't hold
 */
export function protofile(entries: readonly TreeEntry[], content: Content): string {
  refuseStrange(entries, content);
  // Without the directories above the view, whose names may have blanks.
  const top = bytesOf(join('tree', content.top));
  const children = new Map<string, TreeEntry[]>();
  for (const entry of entries) {
    if (entry.path === '') continue;
    const parent = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')));
    const there = children.get(parent);
    if (there) there.push(entry);
    else children.set(parent, [entry]);
  }
  const lines = ['image-factory', '0 0'];
  const add = (entry: TreeEntry): void => {
    const name = entry.path === '' ? '' : `${entry.path.slice(entry.path.lastIndexOf('/') + 1)} `;
    lines.push(`${name}${modeOf(entry)} ${entry.uid} ${entry.gid}${rest(entry, content, top)}`);
    if (entry.kind !== 'd') return;
    children.get(entry.path)?.forEach(add);
    lines.push('$');
  };
  const [first] = entries;
  if (first) add(first);
  return `${lines.join('\n')}\n`;
}

function modeOf({ kind, mode }: TreeEntry): string {
  const bits = `${mode & 0o4000 ? 'u' : '-'}${mode & 0o2000 ? 'g' : '-'}${(mode & 0o777).toString(8).padStart(3, '0')}`;
  return `${kind === 'f' ? '-' : kind}${bits}`;
}

function rest({ kind, path, target }: TreeEntry, { view, top: place }: Content, top: string): string {
  if (kind === 'f') return ` ${top}/${path}`;
  if (kind === 'l') return ` ${target}`;
  if (kind !== 'b' && kind !== 'c') return '';
  const { rdev } = lstatSync(Buffer.from(join(view.tree, place, path), 'latin1'));
  return ` ${(rdev >> 8) & 0xfff} ${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`;
}

/** What has a name that no prototype file can hold. */
export function unspeakable(entries: readonly TreeEntry[]): readonly TreeEntry[] {
  return entries.filter(({ path, target }) => /[ \t\n\v\f\r]|(^|\/)[:$]/.test(path) || /[ \t\n\v\f\r]/.test(target));
}

function refuseStrange(entries: readonly TreeEntry[], { top }: Content): void {
  const strange = unspeakable(entries);
  if (strange.length === 0) return;
  const shown = strange.slice(0, 5).map(({ path }) => JSON.stringify(readable(join(top, path))));
  const more = strange.length > shown.length ? `, and ${strange.length - shown.length} more` : '';
  throw new UsageError([
    `mkfs.xfs can't copy names with blanks, or that begin with ':' or '$': ${shown.join(', ')}${more}; ` +
      'rename them, make the file system that holds them ext4 or btrfs, or run this as root, which mounts XFS',
  ]);
}
