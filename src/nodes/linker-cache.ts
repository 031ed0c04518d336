import { readFile, rm } from 'node:fs/promises';
import { pathInTree } from '../sandbox/tree-path.js';

/** What ldconfig(8) knows of libraries by inode and time, and makes again: the same tree has never the same twice. */
const linkerCache = '/var/cache/ldconfig/aux-cache';

/** Does something in a tree; if ldconfig ran in it, its cache is gone afterwards. */
export async function withoutLinkerCache(root: string, action: () => Promise<void>): Promise<void> {
  const content = async () => readFile(await pathInTree(root, linkerCache)).catch(() => Buffer.alloc(0));
  const before = await content();
  await action();
  if (!before.equals(await content())) await rm(await pathInTree(root, linkerCache), { force: true });
}
