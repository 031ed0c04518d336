import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/**
 * Every program that image-factory calls, and its Debian package, or its package in another registry. {@link command}
 * accepts only these names. `doctor` takes its advice from this table, and a test compares it with the Makefile.
 */
export const programs = {
  'virt-install': { package: 'virtinst', neededFor: 'every installation' },
  virsh: { package: 'libvirt-clients', neededFor: 'every installation' },
  libvirtd: { package: 'libvirt-daemon-system', neededFor: 'every installation' },
  virtlogd: { package: 'libvirt-daemon-system', neededFor: 'every installation as root' },
  'qemu-system-x86_64': { package: 'qemu-system-x86', neededFor: 'images for amd64' },
  'qemu-system-aarch64': { package: 'qemu-system-arm', neededFor: 'images for arm64', optional: true },
  'qemu-system-riscv64': {
    package: 'qemu-system-misc',
    neededFor: 'images for riscv64',
    optional: true,
    untested: true,
  },
  'qemu-system-ppc64': { package: 'qemu-system-ppc', neededFor: 'images for ppc64el', optional: true, untested: true },
  'qemu-x86_64-static': { package: 'qemu-user-static', neededFor: 'derived images of amd64 elsewhere', optional: true },
  'qemu-aarch64-static': { package: 'qemu-user-static', neededFor: 'derived images of arm64', optional: true },
  'qemu-riscv64-static': { package: 'qemu-user-static', neededFor: 'derived images of riscv64', optional: true },
  'qemu-ppc64le-static': { package: 'qemu-user-static', neededFor: 'derived images of ppc64el', optional: true },
  xorrisofs: {
    package: 'xorriso',
    neededFor: "passing the answer file to Ubuntu's installer and to Agama",
    optional: true,
  },
  xmllint: { package: 'libxml2-utils', neededFor: 'checking AutoYaST profiles', optional: true },
  cpio: { package: 'cpio', neededFor: 'passing the answer file to the installer' },
  'qemu-img': { package: 'qemu-utils', neededFor: 'creating and converting disks' },
  'qemu-io': { package: 'qemu-utils', neededFor: 'zeroing what no file uses' },
  sfdisk: { package: 'fdisk', neededFor: 'reading partition tables' },
  blkid: { package: 'util-linux', neededFor: 'recognising file systems' },
  lsblk: { package: 'util-linux', neededFor: 'writing images onto disks', optional: true },
  blockdev: { package: 'util-linux', neededFor: 'writing images onto disks', optional: true },
  blkdiscard: { package: 'util-linux', neededFor: 'writing images onto disks', optional: true },
  flock: { package: 'util-linux', neededFor: 'sharing caches and directories between builds' },
  cp: { package: 'coreutils', neededFor: 'moving disks between file systems' },
  dd: { package: 'coreutils', neededFor: 'derived images that are made in virtual machines', optional: true },
  chmod: { package: 'coreutils', neededFor: 'derived images', optional: true },
  sync: { package: 'coreutils', neededFor: 'layers' },
  rm: { package: 'coreutils', neededFor: 'layers' },
  du: { package: 'coreutils', neededFor: 'layers' },
  mount: { package: 'mount', neededFor: 'layers', optional: true },
  umount: { package: 'mount', neededFor: 'layers', optional: true },
  unshare: { package: 'util-linux', neededFor: 'layers' },
  setpriv: { package: 'util-linux', neededFor: 'layers' },
  newuidmap: { package: 'uidmap', neededFor: 'layers of an ordinary user', optional: true },
  ldd: { package: 'libc-bin', neededFor: 'derived images that are made in virtual machines', optional: true },
  ip: { package: 'iproute2', neededFor: 'derived images that are made in virtual machines', optional: true },
  insmod: { package: 'kmod', neededFor: 'derived images that are made in virtual machines', optional: true },
  gzip: { package: 'gzip', neededFor: 'derived images that are made in virtual machines', optional: true },
  getfattr: { package: 'attr', neededFor: 'layers', optional: true },
  debugfs: { package: 'e2fsprogs', neededFor: 'cleaning ext2/3/4 file systems' },
  dumpe2fs: { package: 'e2fsprogs', neededFor: 'finding the free blocks of ext2/3/4 file systems' },
  tune2fs: { package: 'e2fsprogs', neededFor: 'writing the backups of the superblock of ext2/3/4 file systems again' },
  e2fsck: { package: 'e2fsprogs', neededFor: 'checking ext2/3/4 file systems' },
  zerofree: { package: 'zerofree', neededFor: 'zeroing free blocks of disks without holes' },
  mdel: { package: 'mtools', neededFor: 'cleaning EFI system partitions', optional: true },
  perl: {
    package: 'perl-base',
    neededFor: 'trying well-known passwords on an image, and sealing layers',
    optional: true,
  },
  lz4: { package: 'lz4', neededFor: "looking into an image's initramfs", optional: true },
  rsync: { package: 'rsync', neededFor: 'rsync: sources and rsync uploads', optional: true },
  rclone: { package: 'rclone', neededFor: 'rclone uploads', optional: true },
  skopeo: { package: 'skopeo', neededFor: 'uploads to registries', optional: true },
  'ssh-keygen': {
    package: 'openssh-client',
    neededFor: 'host keys of SFTP uploads, and ssh signatures',
    optional: true,
  },
  rpm: { package: 'rpm', neededFor: 'listing the packages of images that use rpm', optional: true },
  rpmkeys: { package: 'rpm', neededFor: 'package locks of the rpm families', optional: true },
  dnf: { package: 'dnf', neededFor: 'package locks and images of the rpm families', optional: true },
  createrepo_c: { package: 'createrepo-c', neededFor: 'images of the rpm families', optional: true },
  gpg: { package: 'gpg', neededFor: 'signing with gpg', optional: true },
  'gpg-agent': { package: 'gpg-agent', neededFor: 'signing with gpg', optional: true },
  gpgv: { package: 'gpgv', neededFor: 'checking gpg signatures', optional: true },
  find: { package: 'findutils', neededFor: 'listing a tree that becomes a disk' },
  fdisk: { package: 'fdisk', neededFor: 'partition tables of disks with sectors of 4096 bytes' },
  cat: { package: 'coreutils', neededFor: 'reading files of a tree that becomes a disk' },
  mke2fs: { package: 'e2fsprogs', neededFor: 'making ext2/3/4 file systems' },
  mkswap: { package: 'util-linux', neededFor: 'making swap space' },
  'mkfs.xfs': { package: 'xfsprogs', neededFor: 'making XFS file systems', optional: true },
  xfs_db: { package: 'xfsprogs', neededFor: 'making XFS file systems', optional: true },
  'mkfs.btrfs': { package: 'btrfs-progs', neededFor: 'making btrfs file systems', optional: true },
  'mkfs.vfat': { package: 'dosfstools', neededFor: 'making EFI system partitions', optional: true },
  mmd: { package: 'mtools', neededFor: 'filling EFI system partitions', optional: true },
  mcopy: { package: 'mtools', neededFor: 'filling EFI system partitions', optional: true },
  'grub-mkimage': { package: 'grub-common', neededFor: 'making disks that a BIOS boots', optional: true },
  'debconf-set-selections': { package: 'debconf', neededFor: 'checking preseed files', optional: true },
  ksvalidator: { package: 'pykickstart', registry: 'PyPI', neededFor: 'checking Kickstart files', optional: true },
  setfattr: { package: 'attr', neededFor: 'layers', optional: true },
  xargs: { package: 'findutils', neededFor: 'layers', optional: true },
  tar: { package: 'tar', neededFor: 'importing and exporting layers, and files to copy into images', optional: true },
  mknod: { package: 'coreutils', neededFor: 'importing layers', optional: true },
  xz: { package: 'xz-utils', neededFor: 'importing layers from .xz, and looking into an initramfs', optional: true },
  zstd: {
    package: 'zstd',
    neededFor: 'importing layers from .zst, exporting to it, and looking into an initramfs',
    optional: true,
  },
  igzip: { package: 'isal', neededFor: 'exporting layers with gzip', optional: true },
  mksquashfs: { package: 'squashfs-tools', neededFor: 'exporting layers as squashfs', optional: true },
  'mkfs.erofs': { package: 'erofs-utils', neededFor: 'exporting layers as erofs', optional: true },
  'apt-get': { package: 'apt', neededFor: 'package locks of Debian and Ubuntu', optional: true },
  'apt-config': { package: 'apt', neededFor: 'package locks of Debian and Ubuntu', optional: true },
  'apt-helper': { package: 'apt', neededFor: 'package locks of Debian and Ubuntu', optional: true },
  dpkg: { package: 'dpkg', neededFor: 'package locks of Debian and Ubuntu', optional: true },
  'dpkg-deb': { package: 'dpkg', neededFor: 'package locks of Debian and Ubuntu', optional: true },
  gpgconf: { package: 'gpgconf', neededFor: 'building from package locks', optional: true },
  mmdebstrap: { package: 'mmdebstrap', neededFor: 'images without an installer, and parents of dib', optional: true },
  sudo: { package: 'sudo', neededFor: 'file systems other than ext2/3/4, as a normal user', optional: true },
} as const satisfies Record<
  string,
  { package: string; registry?: 'PyPI'; neededFor: string; optional?: boolean; untested?: boolean }
>;

export type ProgramName = keyof typeof programs;

/** The search path of the user's commands: PATH, or the default of login(1) if it is empty or unset (cron, `env -i`). */
export function searchPath(path = process.env.PATH): string {
  return path || '/usr/local/bin:/usr/bin:/bin';
}

/**
 * The search path of programs: PATH, and the sbin directories, which Debian leaves out of a normal user's PATH; and where apt keeps
 * programs for other programs.
 */
export function programPath(path = searchPath()): string {
  const directories = path.split(':').filter((directory) => directory !== '');
  return [...new Set([...directories, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/lib/apt'])].join(':');
}

/** The program's file, or undefined if it is not installed. */
export function findProgram(name: ProgramName, path = programPath()): string | undefined {
  return findExecutable(name, path);
}

/** The file of any command, as a shell finds it; undefined if there is none. */
export function findExecutable(name: string, path = searchPath()): string | undefined {
  return path
    .split(':')
    .map((directory) => join(directory, name))
    .find(mayExecute);
}

/** Whether this user may execute the file, or enter the directory. */
export function mayExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
