import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { aptMirrorUrl } from '../test/e2e/apt-mirror.js';
import { alternate, measure } from './measure.js';
import { save, workDirectory, type Result, type Row } from './result.js';

/** A Debian system that boots by systemd-boot or GRUB, and what a server has. */
const packages = [
  ...['linux-image-amd64', 'initramfs-tools', 'systemd-sysv', 'udev', 'dbus', 'e2fsprogs', 'openssh-server', 'sudo'],
  ...['systemd-boot', 'systemd-boot-efi', 'shim-signed', 'grub-efi-amd64-signed', 'grub-efi-amd64-bin', 'grub-pc-bin'],
  ...['qemu-guest-agent', 'python3'],
];

/** mkosi, and what it calls. Debian 12 has an older one, so it runs in a tree of Debian 13. */
const rivalPackages = [
  ...['mkosi', 'systemd-repart', 'systemd-boot', 'systemd-boot-efi', 'mtools', 'dosfstools', 'e2fsprogs', 'bubblewrap'],
  ...['kmod', 'zstd', 'cpio', 'apt', 'qemu-utils'],
];

/** Of the disk that both make: 256 MiB for the EFI system partition, and the root file system. */
const size = '2G';

const configuration: Readonly<Record<string, string>> = {
  'mkosi.conf': `[Distribution]
Distribution=debian
Release=trixie

[Output]
Format=disk
ImageId=image
OutputDirectory=/srv/out
SplitArtifacts=

[Content]
BaseTrees=/srv/tree
Bootable=no
WithDocs=yes
CleanPackageMetadata=no

[Build]
CacheOnly=always
WithNetwork=no
`,
  'mkosi.repart/00-esp.conf': `[Partition]
Type=esp
Format=vfat
CopyFiles=/boot:/
CopyFiles=/usr/lib/systemd/boot/efi/systemd-bootx64.efi:/EFI/BOOT/BOOTX64.EFI
SizeMinBytes=256M
SizeMaxBytes=256M
`,
  'mkosi.repart/10-root.conf': `[Partition]
Type=root
Format=ext4
CopyFiles=/
SizeMinBytes=1700M
SizeMaxBytes=1700M
`,
};

/** Runs a command with a tree as root directory, as mkosi wants it: a mount point, with /proc, /sys and /dev. */
export const enter = `set -e
tree=$1; shift
mount --bind "$tree" "$tree"; cd "$tree"
mount -t proc proc proc; mount --rbind /sys sys; mount --rbind /dev dev; mount -t tmpfs tmpfs run
mkdir -p .old; pivot_root . .old; umount -l /.old
exec env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"`;

const imageFactory = join(import.meta.dirname, '../bin/image-factory');

/**
 * A disk of a tree that is there, beside mkosi, in turn: both make a GPT with an EFI system partition, with systemd-boot,
 * kernel and initial RAM disk, and an ext4 file system of the same tree, as root. Each writes a raw file.
 */
export async function diskOfTree(rounds: number, say: (line: string) => void): Promise<Result> {
  const rival = await rivalTree(say);
  const tree = join(rival, 'srv/tree');
  const scratch = join(workDirectory, 'disk-of-tree');
  const layout = join(scratch, 'layout.yaml');
  const output = join(scratch, 'disk.raw');
  await mkdir(scratch, { recursive: true });
  try {
    await writeFile(
      layout,
      `- local_loop: {name: image0}
- partitioning:
    base: image0
    label: gpt
    partitions:
      - {name: ESP, type: EF00, size: 256MiB, mkfs: {type: vfat, label: ESP, mount: {mount_point: /efi, fstab: {}}}}
      - {name: root, size: 1700MiB, mkfs: {type: ext4, mount: {mount_point: /, fstab: {fsck-passno: 1}}}}
`,
    );
    const options = ['--tree', tree, '--layout', layout, '--size', size, '--boot-loader', 'systemd-boot', '--force'];
    const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    const mkosi = ['mkosi', '--directory', '/srv/mkosi', '--force', 'build'];
    const measured = await alternate(rounds, {
      ours: (round) => {
        say(`disk: round ${round + 1} of ${rounds}`);
        return measure({ command: [imageFactory, 'disk', 'make', ...options, output] });
      },
      mkosi: () => measure({ command: ['unshare', ...namespaces, 'sh', '-c', enter, 'sh', rival, ...mkosi] }),
    });
    const row = (what: string, unit: Row['unit'], figure: 'wall' | 'cpu' | 'peakMemory', goal?: number): Row => ({
      ...{ bench: 'disk', what: `a Debian tree onto a disk (beside mkosi), ${what}`, unit, goal },
      ...{ ours: measured.ours[figure], rival: measured.mkosi[figure] },
    });
    return await save('disk', [
      row('wall', 's', 'wall', 1),
      row('CPU', 's', 'cpu'),
      row('peak memory', 'MiB', 'peakMemory'),
    ]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A tree with mkosi, made once, and in its /srv the tree of the system, mkosi's configuration and its output. */
export async function rivalTree(say: (line: string) => void): Promise<string> {
  const rival = join(workDirectory, 'mkosi');
  if (existsSync(rival)) return rival;
  const part = `${rival}.part`;
  const at = (path: string) => join(part, 'srv', path);
  const mirror = await aptMirrorUrl();
  const make = (tree: string, included: readonly string[]) =>
    execa('mmdebstrap', [
      ...['--quiet', '--mode=root', '--variant=minbase', `--include=${included.join(',')}`],
      ...['trixie', tree, mirror],
    ]);
  await mkdir(workDirectory, { recursive: true });
  await rm(part, { recursive: true, force: true });
  say('making a tree of Debian 13 with mkosi, and one for the disk, with mmdebstrap');
  await make(part, rivalPackages);
  await make(at('tree'), packages);
  // mkosi would copy what devices say, and wants a place for the EFI system partition.
  await execa('find', [at('tree/dev'), at('tree/run'), '-mindepth', '1', '-delete']);
  await mkdir(at('tree/efi'));
  await mkdir(at('out'));
  await mkdir(at('mkosi/mkosi.repart'), { recursive: true });
  for (const [path, text] of Object.entries(configuration)) await writeFile(at(`mkosi/${path}`), text);
  await rename(part, rival);
  return rival;
}
