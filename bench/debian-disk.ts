import { existsSync } from 'node:fs';
import { appendFile, mkdir, rename, rm, rmdir, truncate, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { execa } from 'execa';
import { aptMirrorUrl } from '../test/e2e/apt-mirror.js';
import { workDirectory } from './result.js';

const MiB = 2 ** 20;
const diskSize = 4096 * MiB;
/** Where the only partition begins, as installers and sfdisk put it. */
export const partitionOffset = MiB;
const deletedBytes = 1536 * MiB;

/** What a Debian server has that was installed with tasksel's "standard" and "ssh-server". */
const packages = [
  ...['linux-image-amd64', 'grub-pc', 'initramfs-tools', 'systemd-sysv', 'dbus', 'udev', 'ifupdown', 'isc-dhcp-client'],
  ...[
    'openssh-server',
    'sudo',
    'locales',
    'man-db',
    'less',
    'bash-completion',
    'python3',
    'perl',
    'curl',
    'ca-certificates',
  ],
  ...[
    'qemu-guest-agent',
    'rsyslog',
    'cron',
    'logrotate',
    'vim-tiny',
    'apt-listchanges',
    'reportbug',
    'bind9-host',
    'file',
  ],
];

/**
 * A disk as an installer leaves it, made once: one ext4 partition with a real Debian tree and the installer's logs, and
 * in its free blocks 1.5 GiB of files that were deleted. The kernel writes it, so that the journal is full. Needs root.
 */
export async function debianDisk(say: (line: string) => void): Promise<string> {
  const disk = join(workDirectory, 'debian.raw');
  if (existsSync(disk)) return disk;
  const tree = join(workDirectory, 'debian');
  const part = `${disk}.part`;
  try {
    await writeFile(part, '');
    await truncate(part, diskSize);
    await execa('sfdisk', ['--quiet', part], { input: 'label: dos\nstart=2048, type=83, bootable\n' });
    const blocks = `${(diskSize - partitionOffset) / 1024}k`;
    await execa('mke2fs', ['-q', '-F', '-t', 'ext4', '-E', `offset=${partitionOffset}`, part, blocks]);
    await mkdir(tree, { recursive: true });
    await execa('mount', ['-o', `loop,offset=${partitionOffset}`, part, tree]);
    try {
      say('installing Debian on the disk, with mmdebstrap');
      await installDebian(tree);
      await writeInstallerLogs(join(tree, 'var/log/installer'));
      await writeAndDelete(join(tree, 'deleted'));
    } finally {
      await execa('umount', [tree]);
      await rmdir(tree);
    }
    await rename(part, disk);
    return disk;
  } finally {
    await rm(part, { force: true });
  }
}

/** As d-i does: recommended packages too, with translations; and apt's lists and caches stay, but for the packages. */
async function installDebian(tree: string): Promise<void> {
  const options = [
    ...['--quiet', '--mode=root', `--include=${packages.join(',')}`],
    ...['--aptopt=Apt::Install-Recommends "true"', '--aptopt=Acquire::Languages "en"'],
    ...['--skip=cleanup/apt', '--customize-hook=chroot "$1" sh -c "apt-get clean && apt-cache gencaches"'],
  ];
  await execa('mmdebstrap', [...options, 'trixie', tree, await aptMirrorUrl()]);
}

/** As much as d-i writes: a syslog of 260 KB, partman's log, the answers, a list of the hardware. */
async function writeInstallerLogs(directory: string): Promise<void> {
  await mkdir(join(directory, 'cdebconf'), { recursive: true });
  const lines = (count: number, text: string) =>
    Array.from({ length: count }, (_, index) => `Nov 21 00:00:${index % 60} ${text} ${index}\n`).join('');
  await writeFile(join(directory, 'syslog'), lines(5000, 'in-target: Setting up a package of that name, number'));
  await writeFile(join(directory, 'partman'), lines(2000, 'parted_server: Read command from the fifo'));
  await writeFile(join(directory, 'hardware-summary'), lines(300, 'lspci -knn'));
  for (const name of ['questions.dat', 'templates.dat']) {
    await writeFile(join(directory, 'cdebconf', name), lines(10_000, 'Name: debian-installer/'));
  }
}

async function writeAndDelete(file: string): Promise<void> {
  await writeFile(file, '');
  for (let written = 0; written < deletedBytes; written += 64 * MiB) await appendFile(file, randomBytes(64 * MiB));
  await execa('sync', ['-f', file]);
  await rm(file);
}
