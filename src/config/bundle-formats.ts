/** How the bytes of a bundle are compressed. */
export type BundleCompression = 'none' | 'gzip' | 'xz' | 'zstd' | 'zlib';

/** What a format of bundles is made of, and what a section may ask of it. */
export interface BundleFormat {
  /** For people, in a sentence. */
  readonly doc: string;
  /** `disk`: the disk of an image, or one that a layout makes of a tree; `tree`: files; `layers`: files, a layer each. */
  readonly of: 'disk' | 'tree' | 'layers';
  /** What the names of its files end with unless a target says otherwise. */
  readonly extension: string;
  /** The usual one first; none where the format is of one kind. */
  readonly subformats: readonly string[];
  /** The usual one first. */
  readonly compressions: readonly [BundleCompression, ...BundleCompression[]];
  /** The names in **options** that it knows; `qemu`: those of `qemu-img create -o`. */
  readonly options: readonly string[] | 'qemu';
  /** Why the same source never becomes the same bytes twice, also with SOURCE_DATE_EPOCH; undefined where it does. */
  readonly irreproducible?: string;
}

const hardware = ['cpus', 'memory', 'hardware-version', 'os-type'] as const;

/** Every format of a bundle. `src/bundles/writers.ts` has the code that writes each. */
export const bundleFormats = {
  qcow2: {
    doc: "QEMU's own format, with compressed clusters.",
    of: 'disk',
    extension: 'qcow2',
    subformats: [],
    compressions: ['zlib', 'zstd', 'none'],
    options: 'qemu',
  },
  raw: {
    doc: 'The disk, byte for byte. Compressed, it gets a block map beside it, as bmaptool takes it.',
    of: 'disk',
    extension: 'raw',
    subformats: [],
    compressions: ['none', 'xz', 'zstd', 'gzip'],
    options: [],
  },
  vmdk: {
    doc: "VMware's format: *monolithicSparse* for Workstation, *streamOptimized* for import into vSphere.",
    of: 'disk',
    extension: 'vmdk',
    subformats: ['monolithicSparse', 'streamOptimized'],
    compressions: ['none'],
    options: 'qemu',
  },
  vdi: {
    doc: "VirtualBox's format.",
    of: 'disk',
    extension: 'vdi',
    subformats: [],
    compressions: ['none'],
    options: 'qemu',
  },
  vhd: {
    doc: "Microsoft's older format. *fixed* is the disk and a footer of 512 bytes; its size is never rounded to cylinders.",
    of: 'disk',
    extension: 'vhd',
    subformats: ['fixed', 'dynamic'],
    compressions: ['none'],
    options: [],
  },
  vhdx: {
    doc: "Microsoft's format for Hyper-V.",
    of: 'disk',
    extension: 'vhdx',
    subformats: ['dynamic', 'fixed'],
    compressions: ['none'],
    options: 'qemu',
    irreproducible: 'qemu-img gives each file new identifiers, which its checksums cover',
  },
  ova: {
    doc: 'A tar archive of a virtual machine: its description (OVF 1.1), a manifest of SHA-256 sums, and a disk as VMDK (streamOptimized).',
    of: 'disk',
    extension: 'ova',
    subformats: [],
    compressions: ['none'],
    options: [...hardware, 'network'],
  },
  gce: {
    doc: 'A compressed tar archive in the old GNU format, with nothing but *disk.raw*.',
    of: 'disk',
    extension: 'tar.gz',
    subformats: [],
    compressions: ['gzip'],
    options: [],
  },
  vagrant: {
    doc: 'A box of Vagrant: for the provider *libvirt* with a qcow2 disk, for *virtualbox* with a VMDK and its OVF.',
    of: 'disk',
    extension: 'box',
    subformats: ['libvirt', 'virtualbox'],
    compressions: ['gzip'],
    options: [...hardware, 'mac'],
  },
  xen: {
    doc: 'The raw disk, the kernel and the initrd that are in it, and a configuration for xl that starts them: *pvh* or *pv*.',
    of: 'disk',
    extension: 'raw',
    subformats: ['pvh', 'pv'],
    compressions: ['none'],
    options: ['cpus', 'memory', 'directory', 'bridge'],
  },
  xva: {
    doc: 'An archive that XenServer and XCP-ng import: a description, *ova.xml*, and the disk in compressed chunks. *hvm* starts it by its boot loader, *pv* by pygrub.',
    of: 'disk',
    extension: 'xva',
    subformats: ['hvm', 'pv'],
    compressions: ['gzip'],
    options: ['cpus', 'memory'],
  },
  tar: {
    doc: 'An archive of the files, in the pax format: numeric owners, extended attributes and capabilities, sorted.',
    of: 'tree',
    extension: 'tar',
    subformats: [],
    compressions: ['none', 'gzip', 'xz', 'zstd'],
    options: [],
  },
  oci: {
    doc: 'An image of the OCI image specification with a layer for each layer of the tree, in an archive or as a directory.',
    of: 'layers',
    extension: 'oci.tar',
    subformats: ['archive', 'directory'],
    compressions: ['gzip', 'zstd', 'none'],
    options: ['name'],
  },
  docker: {
    doc: 'An archive that **docker load** reads, with a layer for each layer of the tree.',
    of: 'layers',
    extension: 'docker.tar',
    subformats: [],
    compressions: ['none'],
    options: ['name'],
  },
  squashfs: {
    doc: 'A compressed file system that is only read.',
    of: 'tree',
    extension: 'squashfs',
    subformats: [],
    compressions: ['zstd'],
    options: [],
  },
  erofs: {
    doc: 'A file system that is only read, compressed by lz4.',
    of: 'tree',
    extension: 'erofs',
    subformats: [],
    compressions: ['none'],
    options: [],
  },
  incus: {
    doc: 'An image of Incus and LXD: *unified*, one archive with *metadata.yaml* and *rootfs/*, or *split*, the metadata and a squashfs.',
    of: 'tree',
    extension: 'tar.xz',
    subformats: ['unified', 'split'],
    compressions: ['xz', 'zstd', 'gzip'],
    options: ['description'],
  },
  lxc: {
    doc: 'An image for the local template of LXC: *meta.tar.xz* and *rootfs.tar.xz*.',
    of: 'tree',
    extension: 'rootfs.tar.xz',
    subformats: [],
    compressions: ['xz'],
    options: ['expiry'],
  },
  wsl: {
    doc: 'An archive of the files for the Windows Subsystem for Linux, with *etc/wsl-distribution.conf* and *etc/wsl.conf*.',
    of: 'tree',
    extension: 'wsl',
    subformats: [],
    compressions: ['gzip', 'xz'],
    options: ['name', 'uid', 'systemd'],
  },
} as const satisfies Record<string, BundleFormat>;

export type BundleFormatName = keyof typeof bundleFormats;

/** What a target may demand of what it is made from. `src/bundles/demands.ts` says how each is seen. */
export const bundleDemands = [
  'bios',
  'uefi',
  'gpt',
  'kernel',
  'ext',
  'cloud-init',
  'vagrant-user',
  'ssh',
  'serial-console',
] as const;

export type BundleDemand = (typeof bundleDemands)[number];

/** What a file beside a bundle tells its platform. */
export const bundleSidecars = ['glance', 'register-image', 'vmx'] as const;

export type BundleSidecar = (typeof bundleSidecars)[number];
