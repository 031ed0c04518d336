/** How a udeb that the mirror lacks can be made again. Several ways may add to one. */
export interface Recipe {
  /** Files of ordinary packages. */
  readonly unpacked?: { readonly packages: readonly string[]; readonly files: RegExp };
  /** What is not compiled, and the scripts of the package itself, from the udeb of amd64, where the mirror is complete. */
  readonly scriptsOfTwin?: true;
  /** Programs of its source package, which are compiled again. */
  readonly programs?: readonly Program[];
  /** What its source package has a file of its own of for each architecture: the twin's is another one. */
  readonly ownFiles?: readonly OwnFile[];
  readonly postinst?: string;
}

/** A program of one source file. */
export interface Program {
  /** Where it lies in the udeb. */
  readonly path: string;
  /** The source package. */
  readonly source: string;
  /** The library names for the linker. */
  readonly libraries: readonly string[];
}

/** A script that is not the same for all architectures. */
export interface OwnFile {
  /** Where it lies in the udeb. */
  readonly path: string;
  /** The source package. */
  readonly source: string;
  /** Where it lies in the source. */
  readonly file: string;
}

const compiled = (source: string, libraries: readonly string[], ...paths: readonly string[]): Recipe => ({
  scriptsOfTwin: true,
  programs: paths.map((path) => ({ path, source, libraries })),
});

const scripts: Recipe = { scriptsOfTwin: true };

const library = (...packages: readonly string[]): Recipe => ({
  unpacked: { packages, files: /\.so\.[\d.]+$/ },
});

/** What an installation on a disk with file systems of ext4 or xfs, and an EFI system partition, loads. */
export function recipes(kernel: string): ReadonlyMap<string, Recipe> {
  const modules = (names: string): Recipe => ({
    unpacked: { packages: [`linux-image-${kernel}`], files: new RegExp(`/(${names})\\.ko(\\.[a-z]+)?$`) },
    postinst: `#!/bin/sh\ndepmod ${kernel}\n`,
  });
  return new Map<string, Recipe>([
    [
      'e2fsprogs-udeb',
      {
        unpacked: {
          packages: ['e2fsprogs', 'libcom-err2', 'libext2fs2t64', 'libss2'],
          files:
            /\/sbin\/(mke2fs|mkfs\.ext\d|e2fsck|fsck\.ext\d|tune2fs|resize2fs|badblocks)$|\/mke2fs\.conf$|\.so\.[\d.]+$/,
        },
      },
    ],
    ['xfsprogs-udeb', { unpacked: { packages: ['xfsprogs'], files: /\/sbin\/(mkfs\.xfs|fsck\.xfs|xfs_repair)$/ } }],
    [
      'dosfstools-udeb',
      { unpacked: { packages: ['dosfstools'], files: /\/sbin\/(mkfs\.v?fat|fsck\.v?fat|fatlabel)$/ } },
    ],
    ['parted-udeb', { unpacked: { packages: ['parted'], files: /\/sbin\/parted$/ } }],
    ['libmount1-udeb', library('libmount1')],
    ['libparted2-udeb', library('libparted2t64')],
    ['libparted-fs-resize0-udeb', library('libparted-fs-resize0t64')],
    // Debian's own udeb is built without what this one links to beside it.
    ['libdevmapper1.02.1-udeb', library('libdevmapper1.02.1', 'libselinux1', 'libpcre2-8-0', 'libudev1', 'libcap2')],
    [`ext4-modules-${kernel}-di`, modules('ext4|jbd2|mbcache|crc16|crc32c_generic')],
    [`xfs-modules-${kernel}-di`, modules('xfs|libcrc32c|crc32c_generic')],
    [`scsi-modules-${kernel}-di`, modules('virtio_blk|virtio_scsi')],
    [`ata-modules-${kernel}-di`, modules('libata')],
    [`loop-modules-${kernel}-di`, modules('loop')],
    [`cdrom-core-modules-${kernel}-di`, modules('cdrom|sr_mod')],
    [`isofs-modules-${kernel}-di`, modules('isofs')],
    [`md-modules-${kernel}-di`, modules('dm-mod|dm-mirror|dm-log|dm-region-hash|dm-snapshot|dm-bufio|md-mod|raid[01]')],
    ...['apt-setup-udeb', 'disk-detect', 'partman-auto', 'partman-basicfilesystems', 'partman-efi'].map(
      (name) => [name, scripts] as const,
    ),
    ['partman-partitioning', scripts],
    ['partman-base', compiled('partman-base', ['parted', 'parted-fs-resize'], 'bin/parted_server')],
    ['partman-utils', compiled('partman-base', ['parted'], 'bin/parted_devices', 'bin/partmap')],
    ['clock-setup', compiled('clock-setup', [], 'sbin/set-date-epoch')],
    [
      'grub-installer',
      compiled(
        'grub-installer',
        ['parted'],
        'usr/lib/grub-installer/prep-bootdev',
        'usr/lib/grub-installer/ensure-active',
      ),
    ],
    [
      'bootstrap-base',
      {
        ...compiled(
          'base-installer',
          ['debconfclient', 'debian-installer'],
          'usr/sbin/run-debootstrap',
          'usr/lib/debootstrap/pkgdetails',
        ),
        // It names the kernel to install.
        ownFiles: [{ path: 'usr/lib/base-installer/kernel.sh', source: 'base-installer', file: 'kernel/arm64.sh' }],
      },
    ],
    ['di-utils-mapdevfs', compiled('debian-installer-utils', ['debian-installer'], 'bin/mapdevfs')],
    ['os-prober-udeb', compiled('os-prober', [], 'usr/lib/os-prober/newns')],
  ]);
}
