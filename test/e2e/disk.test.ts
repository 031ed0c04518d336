import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import type { Firmware } from '../../src/machine/firmware.js';
import { normalUser, type NormalUser } from '../support/normal-user.js';
import { SerialConsole } from '../support/serial-console.js';
import { aptMirrorUrl } from './apt-mirror.js';

/** Debian's signed boot loaders and what makes a kernel's initial RAM disk find the root file system. */
const packages = [
  ...['linux-image-amd64', 'systemd-sysv', 'udev', 'shim-signed', 'grub-efi-amd64-signed', 'grub-pc-bin'],
  ...['grub-efi-amd64-bin', 'systemd-boot-efi', 'e2fsprogs', 'xfsprogs', 'btrfs-progs', 'lvm2', 'util-linux'],
];
const size = '2G';

/** A guest on a busy machine may need longer to see its disk than the 90 seconds that systemd gives it. */
const kernelOptions =
  'console=ttyS0 no_timer_check systemd.default_device_timeout_sec=1h systemd.default_timeout_start_sec=1h';

const tables: Readonly<Record<string, string>> = {
  'the shipped hybrid layout': 'hybrid',
  'the shipped layout on logical volumes': 'lvm',
  XFS: layout('xfs'),
  btrfs: layout('btrfs'),
};

/** The shipped hybrid layout with another root file system. */
function layout(root: string): string {
  return `- local_loop: {name: image0}
- partitioning:
    base: image0
    label: gpt
    partitions:
      - {name: BSP, type: EF02, size: 1MiB}
      - {name: ESP, type: EF00, size: 64MiB, mkfs: {type: vfat, mount: {mount_point: /boot/efi, fstab: {}}}}
      - {name: root, size: 100%, mkfs: {type: ${root}, label: img-root, mount: {mount_point: /, fstab: {fsck-passno: 1}}}}
`;
}

describe('a disk of our own, from a tree of Debian 13', () => {
  let user: NormalUser;
  let tree: string;

  before('an ordinary user makes a tree', async () => {
    user = await normalUser();
    tree = join(user.home, 'tree');
    await as('mmdebstrap', '--mode=unshare', ...(await treeWords(tree)));
  });
  after(async () => user?.remove());

  async function treeWords(directory: string): Promise<string[]> {
    return [
      ...['--variant=minbase', `--include=${packages.join(',')}`],
      // Debian 13 locks root's password, and nobody could log in; a shell on the console can look at the system.
      ...['--customize-hook=chroot "$1" passwd --delete root', 'trixie', directory, await aptMirrorUrl()],
    ];
  }

  async function as(...words: string[]): Promise<void> {
    const [first = '', ...rest] = user.command;
    await execa(first, [...rest, ...words]);
  }

  /** Boots a disk to a shell, and gives what a command says there. */
  async function boot(
    disk: string,
    firmware: Firmware,
    commands: readonly string[],
    sectorSize: 512 | 4096 = 512,
  ): Promise<string[]> {
    const machine = SerialConsole.boot(disk, { format: 'raw', memory: 768, firmware, sectorSize });
    try {
      await machine.expect(/login: /, 3600);
      machine.type('root');
      await machine.expect(/[#$] /, 300);
      const said: string[] = [];
      for (const command of commands) said.push((await machine.run(command)).trim());
      return said;
    } finally {
      await machine.powerOff();
    }
  }

  async function make(name: string, given: string, ...more: string[]): Promise<string> {
    const output = join(user.home, `${name}.raw`);
    let file = given;
    if (given.includes('\n')) {
      file = join(user.home, 'layout.yaml');
      await execa('tee', [file], { input: given, stdout: 'ignore' });
    }
    const options = ['--layout', file, '--size', size, '--kernel-options', kernelOptions, '--force'];
    await as(user.program, 'disk', 'make', '--tree', tree, ...options, ...more, output);
    expect(existsSync(output)).to.equal(true);
    return output;
  }

  const look = ['findmnt --noheadings --output FSTYPE /', 'test -d /sys/firmware/efi; echo $?'];

  for (const [what, given] of Object.entries(tables)) {
    it(`boots by BIOS and by UEFI: ${what}`, async () => {
      const disk = await make('disk', given);
      const root = /mkfs: \{type: (xfs|btrfs)/.exec(given)?.[1] ?? 'ext4';
      for (const firmware of ['bios', 'uefi'] as const) {
        expect(await boot(disk, firmware, look), firmware).to.deep.equal([root, firmware === 'bios' ? '1' : '0']);
      }
    });
  }

  it('boots by BIOS from an MBR, with the core image between it and the first partition', async () => {
    const disk = await make('mbr', 'bios');
    const said = await boot(disk, 'bios', ['lsblk --noheadings --nodeps --output PTTYPE /dev/vda', ...look]);
    expect(said).to.deep.equal(['dos', 'ext4', '1']);
  });

  it('boots by UEFI from a disk whose sectors have 4096 bytes', async () => {
    const large = layout('ext4')
      .replace('{name: image0}', '{name: image0, block_size: 4096}')
      .replace('64MiB', '300MiB');
    const disk = await make('4k', large);
    const said = await boot(disk, 'uefi', ['lsblk --noheadings --nodeps --output LOG-SEC /dev/vda', ...look], 4096);
    expect(said).to.deep.equal(['4096', 'ext4', '0']);
  });

  it('boots by BIOS and by UEFI from a subvolume of btrfs, which root makes', async function () {
    if (process.getuid?.() !== 0) this.skip();
    const parts = `type: btrfs, label: img-root, subvolumes: [
        {name: '@', mount: {mount_point: /, fstab: {}}}, {name: '@var', mount: {mount_point: /var, fstab: {}}}, '@home']}}`;
    const given = layout('btrfs').replace(/type: btrfs.*/, parts);
    expect(given).to.contain('@var');
    const file = join(user.home, 'layout.yaml');
    await writeFile(file, given);
    const disk = join(user.home, 'subvolumes.raw');
    const own = join(user.home, 'tree of root');
    await execa('mmdebstrap', ['--mode=root', ...(await treeWords(own))]);
    const options = ['--layout', file, '--size', size, '--kernel-options', kernelOptions];
    await execa(user.program, ['disk', 'make', '--tree', own, ...options, disk]);
    for (const firmware of ['bios', 'uefi'] as const) {
      expect(
        await boot(disk, firmware, ['findmnt -n -o FSTYPE /', 'findmnt -n -o FSROOT /', 'findmnt -n -o FSROOT /var']),
      ).to.deep.equal(['btrfs', '/@', '/@var']);
    }
  });

  it("boots by UEFI with Secure Boot: Debian's shim and GRUB are signed", async () => {
    const disk = await make('secure', 'hybrid');
    const [state] = await boot(disk, 'uefi-secure', ['od -An -t u1 -j 4 /sys/firmware/efi/efivars/SecureBoot-*']);
    expect(state).to.equal('1');
  });

  it('boots by systemd-boot, which finds the kernel in the EFI system partition', async () => {
    const roomy = layout('ext4').replace('size: 64MiB', 'size: 300MiB');
    const disk = await make('systemd-boot', roomy, '--boot-loader', 'systemd-boot');
    expect(await boot(disk, 'uefi', ['ls /boot/efi/loader/entries | wc -l'])).to.deep.equal(['1']);
  });
});
