import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { addPrograms } from './tree-of-shell.js';

/** What zypper and libzypp call. */
const called = ['rpm', 'rpmkeys', 'rpmdb', 'rpmdb2solv', 'repo2solv', 'bash', 'gzip', 'cp', 'mv', 'find', 'ls'];

/** Puts zypper of this machine into a tree, with libzypp and rpm. */
export function addZypper(tree: string): void {
  addPrograms(tree, ['zypper', ...called]);
  for (const path of ['/usr/lib/rpm', '/usr/share/zypper'])
    cpSync(path, join(tree, path), { recursive: true, verbatimSymlinks: true });
  appendFileSync(join(tree, 'etc/group'), 'trusted:x:42:\n');
}
