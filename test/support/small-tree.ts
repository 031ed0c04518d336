import { chmodSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync, chownSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { program } from './disk.js';

/** A file's owner on the disk, that only root can give it. */
export const owner = { uid: 33, gid: 34 };

/** Whether this user can give files away. */
export const isRoot = process.getuid?.() === 0;

/**
 * A tree with what file systems treat differently: modes with sticky and set-user-id bits, links of both kinds, an empty
 * file, a file of several blocks, odd names; as root also owners and a capability. All times are in 2023.
 */
export function smallTree(top: string): string {
  const put = (path: string, content: string | Buffer, mode = 0o644) => {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), content);
    chmodSync(join(top, path), mode);
  };
  put('etc/fstab', '# the tree has one of its own\n');
  put('etc/hostname', 'small\n');
  put('usr/bin/su', '#!/bin/sh\n', 0o4755);
  put('usr/bin/ping', 'ping\n', 0o755);
  put('usr/share/big', Buffer.alloc(3_000_000, 'big '));
  put('usr/share/empty', '');
  put('usr/share/quo"ted', 'quoted\n');
  put('usr/share/größe', 'umlaut\n');
  put('var/log/messages', 'log\n', 0o640);
  put('boot/efi/notes.txt', 'on the ESP\n');
  put('srv/data', 'data\n');
  mkdirSync(join(top, 'tmp'));
  chmodSync(join(top, 'tmp'), 0o1777);
  symlinkSync('usr/bin', join(top, 'bin'));
  linkSync(join(top, 'usr/share/big'), join(top, 'usr/share/same'));
  if (isRoot) {
    chownSync(join(top, 'var/log/messages'), owner.uid, owner.gid);
    program('setcap', ['cap_net_raw+ep', join(top, 'usr/bin/ping')]);
  }
  const then = Date.UTC(2023, 5, 1) / 1000;
  for (const path of program('find', [top, '-depth', '!', '-type', 'l', '-print0']).split('\0').filter(Boolean)) {
    utimesSync(path, then, then);
  }
  return top;
}
