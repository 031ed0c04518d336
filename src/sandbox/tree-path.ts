import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';

/** Symbolic links in one path that the kernel follows: MAXSYMLINKS in the kernel. */
const mostLinks = 40;

/**
 * Where a path of a system lies on this machine, with every symbolic link followed as the system itself would follow it:
 * an absolute one begins at the root of the tree, and `..` ends there. So nothing that a tree contains leads out of it.
 *
 * @param root the tree
 * @param path absolute, as the system sees it; the last names of it need not exist
 */
export async function pathInTree(root: string, path: string): Promise<string> {
  const left = path.split('/');
  let names: string[] = [];
  for (let links = 0; left.length > 0;) {
    const name = left.shift() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      names.pop();
      continue;
    }
    const here = join(root, ...names, name);
    const isLink = (await lstat(here).catch(() => undefined))?.isSymbolicLink() ?? false;
    if (!isLink) {
      names.push(name);
      continue;
    }
    if (++links > mostLinks) throw new Failure(`${path}: symbolic links lead in a circle in ${root}`);
    const target = await readlink(here);
    if (target.startsWith('/')) names = [];
    left.unshift(...target.split('/'));
  }
  return join(root, ...names);
}
