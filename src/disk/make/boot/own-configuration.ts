import type { Layout } from '../../../layout/layout.js';
import type { TreeEntry } from '../tree-listing.js';

/**
 * Whether a tree's grub.cfg starts what is on the disk: each file system that it names is one of the layout, and each
 * kernel that it starts is in the tree. That is so where the layout has the UUIDs of the disk that the tree is from.
 *
 * @param uuids of the file systems, by their names
 */
export function startsThisDisk(
  text: string,
  { fileSystems }: Layout,
  uuids: ReadonlyMap<string, string>,
  entries: readonly TreeEntry[],
): boolean {
  const known = new Set(
    [...uuids.values(), ...fileSystems.map(({ label }) => label)].map((name) => name.toLowerCase()),
  );
  const named = [
    ...text.matchAll(/\broot=(?:UUID|LABEL)=([^\s'"]+)/g),
    ...text.matchAll(/^[ \t]*search[ \t](?=.*--(?:fs-uuid|label)\b).*[ \t]([^\s-]\S*)[ \t]*$/gm),
  ].map(([, name = '']) => name.toLowerCase());
  const kernels = [...text.matchAll(/^\s*linux(?:16|efi)?\s+(\S+)/gm)].map(([, path = '']) =>
    path.replace(/^.*\//, ''),
  );
  const files = new Set(entries.map(({ path }) => path.replace(/^.*\//, '')));
  return (
    named.length > 0 &&
    kernels.length > 0 &&
    named.every((name) => known.has(name)) &&
    kernels.every((name) => files.has(name))
  );
}
