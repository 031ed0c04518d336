import { chmodSync, copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { program } from './disk.js';

/** A system that runs scripts, and no more: a shell and a few programs of this machine, with their libraries. */
export function treeOfShell(top: string): string {
  for (const name of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'etc', 'var/log', 'var/tmp', 'root', 'home']) {
    mkdirSync(join(top, name), { recursive: true });
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(top, name));
  mkdirSync(join(top, 'tmp'));
  chmodSync(join(top, 'tmp'), 0o1777);
  writeFileSync(join(top, 'etc/fstab'), '# none\n');
  writeFileSync(join(top, 'etc/os-release'), 'ID=shell\nVERSION_ID=1\nNAME="A shell"\n');
  writeFileSync(join(top, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/srv:/bin/sh\n');
  writeFileSync(join(top, 'etc/group'), 'root:x:0:\nweb:x:33:\n');
  addPrograms(top, ['sh', 'cat', 'chmod', 'chown', 'id', 'mkdir', 'rm', 'sleep', 'touch']);
  return top;
}

/** Puts programs of this machine into a tree, with their libraries. */
export function addPrograms(top: string, names: readonly string[]): void {
  for (const name of names) addProgram(top, join('/usr/bin', name));
}

/** Puts a program into a tree, at its place here. */
export function addProgram(top: string, path: string): void {
  const from = realpathSync(path);
  mkdirSync(dirname(join(top, path)), { recursive: true });
  copyFileSync(from, join(top, path));
  // ldd has no words for a script.
  for (const [library = ''] of program('sh', ['-c', 'ldd "$1" || :', 'sh', from]).matchAll(/\/\S+\.so\S*/g)) {
    const to = join(top, library);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(library, to);
  }
}
