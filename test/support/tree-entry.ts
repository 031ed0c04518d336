import type { TreeEntry } from '../../src/disk/make/tree-listing.js';

/** A file of a tree, as the listing of the tree tells it; only its path matters. */
export function fileEntry(path: string): TreeEntry {
  return {
    path,
    kind: 'f',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 1,
    allocated: 1,
    modified: 0,
    target: '',
    links: 1,
    inode: '1',
  };
}
