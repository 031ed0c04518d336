import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { command, run, type Caller } from '../host/host.js';
import { findExecutable, programPath, type ProgramName } from '../host/programs.js';
import type { Packing } from './cpio.js';

/** What this machine needs to make a guest, beside QEMU. */
export const programsForGuests = [
  'ldd',
  'insmod',
  'ip',
  'setpriv',
  'mke2fs',
  'debugfs',
  'tar',
  'find',
] as const satisfies readonly ProgramName[];

/** What the work in a tree calls outside of it, its cleaning too, as far as this machine has it. */
export const usualPrograms = `
  sh mount umount unshare setpriv chroot env hostname insmod ip tar find xargs flock getfattr setfattr
  cat chmod chown cp date dirname basename dd echo id ln ls mkdir mknod mv readlink rm rmdir sleep stat sync touch true false uname
  perl xz zstd lz4
`
  .trim()
  .split(/\s+/);

/** What the hooks of elements call outside of the tree, beside those. */
export const programsOfHooks = `
  bash awk sed grep sort comm cut tr head tail uniq wc tee mktemp truncate md5sum sha256sum printf realpath install du df seq
  test expr od nproc python3 git curl wget rsync gzip xz zstd bzip2 lsattr chattr blkid mcopy timeout tac paste join
  split which runuser gpg gpgv cmp diff ps kill
`
  .trim()
  .split(/\s+/);

/** What the work with disks and layers calls, as far as this machine has it. */
export const programsOfStores = `
  qemu-img qemu-io sfdisk fdisk blkid blockdev du debugfs dumpe2fs tune2fs e2fsck mke2fs mkswap zerofree losetup mkfs.xfs xfs_db mkfs.btrfs
  mkfs.vfat mmd mcopy mdel mtype gzip igzip grub-mkimage mksquashfs mkfs.erofs bash sed grep sort head tail wc cut tr mktemp truncate
`
  .trim()
  .split(/\s+/);

/** Where the guest has its programs and their libraries: directly below /usr, to which the old names are links. */
export function placeInGuest(path: string): string {
  return path.replace(/^\/(bin|sbin|lib\w*)\//, '/usr/$1/');
}

/**
 * Packs programs with the libraries that they load, which ldd(1) names. A script comes as it is.
 *
 * @param files absolute paths of this machine, and what they are called in the guest
 */
export async function packPrograms(
  caller: Caller,
  packing: Packing,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [name, file] of files) packing.add(name, { kind: 'copy', from: file, mode: 0o755 });
  // It fails for scripts and for what is linked statically.
  const { stdout } = await run(caller, command('ldd', [...new Set(files.values())]), { accept: [1] });
  for (const [, library = ''] of stdout.matchAll(/(?:=> |^\t)(\/\S+) \(0x/gm)) {
    packing.add(placeInGuest(library), { kind: 'copy', from: await realpath(library), mode: 0o755 });
    if (/\/libc\.so\./.test(library)) await packCodePages(packing, join(dirname(library), 'gconv'));
  }
}

/** What mtools(1) asks the C library for: the code pages of names on EFI system partitions. */
async function packCodePages(packing: Packing, directory: string): Promise<void> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  for (const name of names.filter((each) => /^gconv-modules|\.conf$|^(?:IBM|CP)(?:437|850|1252)\.so$/.test(each))) {
    const from = join(directory, name);
    if ((await stat(from)).isFile()) packing.add(placeInGuest(from), { kind: 'copy', from, mode: 0o644 });
  }
}

/** Programs of this machine by name, those of its system first: their libraries and modules are known to be there. For {@link packPrograms}. */
export async function programsCalled(names: readonly string[]): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of names) {
    const file = findExecutable(name, `/usr/bin:/usr/sbin:/bin:/sbin:${programPath()}`);
    if (file !== undefined) files.set(`/usr/bin/${basename(name)}`, await realpath(file));
  }
  return files;
}
