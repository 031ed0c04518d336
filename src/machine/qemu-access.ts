import { readFileSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

/** Who a process runs as, in numbers. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The accounts that system mode runs QEMU as: Debian's, and Fedora's. */
const qemuAccounts = ['libvirt-qemu', 'qemu'];

/** The account that libvirt's system mode runs QEMU as, or undefined if there is none on this machine. */
export function qemuAccount(passwd = '/etc/passwd'): Account | undefined {
  const entries = readFileSync(passwd, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const entry = qemuAccounts.map((name) => entries.find(([account]) => account === name)).find((found) => found);
  return entry && { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/**
 * Whether an account can search a directory and all above it. A directory that does not exist yet counts as its
 * parent. Access control lists are not looked at.
 */
export function canSearch({ uid, gid }: Account, directory: string): boolean {
  const found = statIfThere(directory);
  const parent = dirname(directory);
  if (found) {
    const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001;
    if ((found.mode & bit) === 0) return false;
  }
  return parent === directory || canSearch({ uid, gid }, parent);
}

/** Nothing below a file either: that such a directory can't be made is told where it is made. */
function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
