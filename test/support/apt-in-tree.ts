import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addProgram, addPrograms } from './tree-of-shell.js';

/** What apt and dpkg call. Only a newer apt has sqv, and only an older one apt-key, which calls many others. */
const called = [
  ...['apt-get', 'apt-config', 'apt-key', 'gpgv', 'sqv', 'dpkg', 'dpkg-deb', 'dpkg-query', 'dpkg-split', 'tar'],
  ...['awk', 'base64', 'cmp', 'cp', 'cut', 'diff', 'find', 'grep', 'gzip', 'head', 'mktemp', 'mv', 'readlink'],
  ...['sed', 'sort', 'stat', 'tail', 'tr'],
];

/** Puts apt and dpkg of this machine into a tree, and an empty database of packages. */
export function addApt(tree: string): void {
  addPrograms(
    tree,
    called.filter((name) => existsSync(join('/usr/bin', name))),
  );
  for (const path of ['/usr/sbin/ldconfig', '/usr/sbin/start-stop-daemon']) addProgram(tree, path);
  const methods = '/usr/lib/apt/methods';
  for (const name of ['http', 'gpgv', 'sqv', 'store', 'file', 'copy']) {
    if (existsSync(join(methods, name))) addProgram(tree, join(methods, name));
  }
  cpSync('/usr/share/dpkg', join(tree, 'usr/share/dpkg'), { recursive: true });
  mkdirSync(join(tree, 'etc/apt/apt.conf.d'), { recursive: true });
  for (const path of ['var/lib/dpkg/status', 'var/lib/dpkg/available', 'var/lib/dpkg/info/format']) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), path.endsWith('format') ? '1\n' : '');
  }
  for (const path of [
    'var/lib/dpkg/updates',
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
    'var/log/apt',
  ]) {
    mkdirSync(join(tree, path), { recursive: true });
  }
}
