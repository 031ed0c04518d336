import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { run, type Caller } from '../../host/host.js';
import { bytesOf } from '../ext-directory.js';
import { commandInView, inView, type Added, type TreeView } from './tree-view.js';

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

/** Everything at and below a directory of the view, sorted by path. */
export async function listTree(
  caller: Caller,
  view: TreeView,
  { top, masked }: { readonly top: string; readonly masked: readonly string[] },
): Promise<readonly TreeEntry[]> {
  // Not by a pipe: a tree may have millions of files.
  const stdoutFile = join(view.mounted, '..', 'listing');
  try {
    const printed = format.map((field) => `${field}\\0`).join('');
    await run(caller, commandInView(view, masked, 'find', [inView(view, top), '-printf', printed]), { stdoutFile });
    return sorted(parse((await readFile(stdoutFile)).toString('latin1')));
  } finally {
    await rm(stdoutFile, { force: true });
  }
}

function sorted(entries: TreeEntry[]): TreeEntry[] {
  return entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** Field by field, as {@link format} has them: to split all of the text takes eight times as long. */
function parse(text: string): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let at = 0;
  const next = (): string => {
    const end = text.indexOf('\0', at);
    const field = text.slice(at, end);
    at = end + 1;
    return field;
  };
  while (at < text.length) {
    const [path, kind, mode, uid, gid] = [next(), next(), parseInt(next(), 8), Number(next()), Number(next())];
    const [size, modified, target] = [Number(next()), Math.floor(Number(next())), next()];
    const [links, inode, blocks] = [Number(next()), next(), Number(next())];
    const isFile = kind === 'f';
    entries.push({
      ...{ path, kind, mode, uid, gid, modified, target, links, inode },
      size: isFile ? size : 0,
      allocated: isFile ? Math.min(size, blocks * 512) : 0,
    });
  }
  return entries;
}

/**
 * What one file system holds of a listed tree: its top, and what is below it but not below what is masked. Paths begin at
 * the top.
 *
 * @returns undefined where the top, or something masked, is not listed as a directory
 */
export function partOf(
  entries: readonly TreeEntry[],
  { top, masked }: { readonly top: string; readonly masked: readonly string[] },
): readonly TreeEntry[] | undefined {
  const mounts = new Set([top, ...masked].map((path) => bytesOf(path).slice(1)));
  const [first = '', ...hidden] = [...mounts];
  const below = first === '' ? '' : `${first}/`;
  const masks = hidden.map((path) => `${path}/`);
  const part = entries.filter(
    ({ path }) => (path === first || path.startsWith(below)) && !masks.some((mask) => path.startsWith(mask)),
  );
  const found = part.filter(({ path, kind }) => kind === 'd' && mounts.has(path));
  if (found.length < mounts.size) return undefined;
  return first === '' ? part : part.map((entry) => ({ ...entry, path: entry.path.slice(below.length) }));
}

/**
 * A listing of a whole tree with the files and directories that are added to it, as a view of both shows it, without
 * another look at the tree.
 */
export async function withAdded(
  entries: readonly TreeEntry[],
  { directory, epoch }: Added,
): Promise<readonly TreeEntry[]> {
  const all = new Map(entries.map((entry) => [entry.path, entry]));
  const modified = epoch ?? Math.floor(Date.now() / 1000);
  for (const found of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const place = join(found.parentPath, found.name);
    const path = bytesOf(relative(directory, place));
    const { mode, size, blocks } = await lstat(place);
    const common = { path, uid: 0, gid: 0, modified, target: '', links: 1, inode: `added ${path}` };
    if (found.isFile()) {
      const allocated = Math.min(size, blocks * 512);
      all.set(path, { ...common, kind: 'f', mode: mode & 0o111 ? 0o755 : 0o644, size, allocated });
    } else if (all.get(path)?.kind !== 'd') {
      const isForAll = path === 'tmp' || path === 'var/tmp';
      all.set(path, { ...common, kind: 'd', mode: isForAll ? 0o1777 : 0o755, size: 0, allocated: 0 });
    }
  }
  return sorted([...all.values()]);
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
