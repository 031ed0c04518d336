import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { run, type Caller } from '../../host/host.js';
import { commandInView, inView, type TreeView } from './tree-view.js';

/** A file, directory, link or device of a tree, with the owners that it has in the tree. */
export interface TreeEntry {
  /** From the top of what was listed, without `/` at the beginning; empty for the top itself. A character for each byte. */
  readonly path: string;
  /** As `find -printf %y` tells it: f, d, l, c, b, p, s. */
  readonly kind: string;
  /** Permissions, with set-user-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 for what is no regular file. */
  readonly size: number;
  /** Bytes of it that are no holes. */
  readonly allocated: number;
  /** Seconds since 1970. */
  readonly modified: number;
  /** Of a symbolic link. */
  readonly target: string;
  readonly links: number;
  readonly inode: string;
}

const format = ['%P', '%y', '%m', '%U', '%G', '%s', '%T@', '%l', '%n', '%i', '%b'];

/** Everything at and below a directory of the view, sorted by path. @param depth levels below it (default: all) */
export async function listTree(
  caller: Caller,
  view: TreeView,
  { top, masked, depth }: { readonly top: string; readonly masked: readonly string[]; readonly depth?: number },
): Promise<readonly TreeEntry[]> {
  // Not by a pipe: a tree may have millions of files.
  const stdoutFile = join(view.mounted, '..', 'listing');
  try {
    const printed = format.map((field) => `${field}\\0`).join('');
    const limit = depth === undefined ? [] : ['-maxdepth', String(depth)];
    const words = [inView(view, top), ...limit, '-printf', printed];
    await run(caller, commandInView(view, masked, 'find', words), { stdoutFile });
    return parse(await readFile(stdoutFile, 'latin1')).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  } finally {
    await rm(stdoutFile, { force: true });
  }
}

function parse(text: string): TreeEntry[] {
  const fields = text.split('\0');
  const entries: TreeEntry[] = [];
  for (let at = 0; at + format.length <= fields.length; at += format.length) {
    const [path = '', kind = '', mode, uid, gid, size, modified, target = '', links, inode = '', blocks] = fields.slice(
      at,
      at + format.length,
    );
    entries.push({
      ...{ path, kind, target, inode },
      mode: parseInt(mode ?? '', 8),
      uid: Number(uid),
      gid: Number(gid),
      size: kind === 'f' ? Number(size) : 0,
      modified: Math.floor(Number(modified)),
      links: Number(links),
      allocated: kind === 'f' ? Math.min(Number(size), Number(blocks) * 512) : 0,
    });
  }
  return entries;
}

/**
 * A listing of a whole tree with what is added to it, or put in the place of its own, without another look at the tree.
 *
 * @param added the directory of a {@link TreeView} that holds what is added
 */
export async function withAdded(entries: readonly TreeEntry[], added: string): Promise<readonly TreeEntry[]> {
  const all = new Map(entries.map((entry) => [entry.path, entry]));
  for (const found of await readdir(added, { recursive: true, withFileTypes: true })) {
    const place = join(found.parentPath, found.name);
    const { mode, size, blocks, mtimeMs } = await lstat(place);
    const path = Buffer.from(relative(added, place)).toString('latin1');
    const isFile = found.isFile();
    if (!isFile && all.has(path)) continue;
    all.set(path, {
      ...{ path, kind: isFile ? 'f' : found.isDirectory() ? 'd' : 'l', mode: mode & 0o7777, uid: 0, gid: 0 },
      ...{ size: isFile ? size : 0, allocated: isFile ? Math.min(size, blocks * 512) : 0 },
      ...{ modified: Math.floor(mtimeMs / 1000), target: '', links: 1, inode: `added ${path}` },
    });
  }
  return [...all.values()];
}

/** Bytes that the files of a listing take in blocks of 4096 bytes, each file once, with an inode for each. */
export function roomFor(entries: readonly TreeEntry[]): number {
  const block = 4096;
  const seen = new Set<string>();
  let bytes = 0;
  for (const { links, kind, inode, allocated } of entries) {
    if (kind !== 'd' && links > 1 && seen.has(inode)) continue;
    seen.add(inode);
    bytes += 256 + Math.ceil((kind === 'd' ? block : allocated) / block) * block;
  }
  return bytes;
}
