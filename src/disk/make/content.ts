import type { Caller } from '../../host/host.js';
import { listTree, partOf, type TreeEntry } from './tree-listing.js';
import type { TreeView } from './tree-view.js';

/** A directory of the tree, without what other file systems hold. */
export interface Content {
  readonly view: TreeView;
  /** An absolute path of the system. */
  readonly top: string;
  /** Absolute paths below it that are mount points of others. */
  readonly masked: readonly string[];
  /** What it holds: the top itself first, then sorted by path; of what is masked, the empty directory. */
  readonly entries: readonly TreeEntry[];
}

/**
 * The content of one file system, from a listing of the whole view, which is made once for all of them.
 *
 * @throws Failure where the view has no such directory
 */
export async function contentOf(
  caller: Caller,
  { view, entries }: { readonly view: TreeView; readonly entries: readonly TreeEntry[] },
  place: Pick<Content, 'top' | 'masked'>,
): Promise<Content> {
  // A mount point that lies behind a symbolic link is in the listing by another path: there, only the view tells.
  return { view, ...place, entries: partOf(entries, place) ?? (await listTree(caller, view, place)) };
}
