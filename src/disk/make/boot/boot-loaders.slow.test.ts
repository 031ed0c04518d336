import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { Layout } from '../../../layout/layout.js';
import { program } from '../../../../test/support/disk.js';
import { rejection, testHost, type RecordedLog } from '../../../../test/support/host.js';
import { planned } from '../../../../test/support/layout.js';
import { fileSystem, gptDisk, layoutOf, types } from '../../../../test/support/layouts.js';
import { devicePlaces } from '../device-places.js';
import { makeDisk } from '../make-disk.js';
import type { BootLoaderChoice } from './add-boot-loaders.js';

const MiB = 2 ** 20;

/** A disk for BIOS and UEFI. */
const both = (): Layout =>
  layoutOf(
    [
      gptDisk('image0', [
        { name: 'BSP', size: 1, type: types.biosBoot },
        { name: 'ESP', size: 8, type: types.efi },
        { name: 'root', size: 40, type: types.linux },
      ]),
    ],
    [
      fileSystem({ name: 'mkfs_root', on: 'root', type: 'ext4', mount: '/' }),
      fileSystem({ name: 'mkfs_esp', on: 'ESP', type: 'vfat', label: 'ESP', mount: '/boot/efi' }),
    ],
  );

const mbr = (): Layout =>
  planned(
    `- local_loop: {name: image0}
- partitioning:
    base: image0
    label: mbr
    partitions:
      - {name: root, size: 100%, flags: [boot, primary], mkfs: {type: ext4, mount: {mount_point: /, fstab: {}}}}
`,
    48 * MiB,
  );

describe('the boot loaders of a disk of our own', () => {
  let directory: string;
  let tree: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'image-factory-boot-'));
    tree = join(directory, 'tree');
    put('etc/os-release', '');
    put('usr/lib/os-release', 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n');
    put('etc/default/grub', 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n');
    put('boot/vmlinuz-6.12-amd64', 'a kernel');
    put('boot/initrd.img-6.12-amd64', 'an initial RAM disk');
    mkdirSync(join(tree, 'usr/bin'));
    copyFileSync('/usr/bin/dash', join(tree, 'usr/bin/dash'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function put(path: string, content: string | Buffer): void {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  const putBiosGrub = () => cpSync('/usr/lib/grub/i386-pc', join(tree, 'usr/lib/grub/i386-pc'), { recursive: true });
  function putShim(): void {
    put('usr/lib/shim/shimx64.efi.signed', 'shim');
    put('usr/lib/shim/mmx64.efi.signed', 'the manager of keys');
    put('usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed', 'MZ\0/EFI/debian\0');
  }

  async function make(
    layout: Layout,
    bootLoader: BootLoaderChoice = 'auto',
  ): Promise<{ disk: string; log: RecordedLog }> {
    const host = testHost();
    const output = join(directory, 'disk.raw');
    const wanted = { layout, tree, output, bootLoader, kernelWords: ['console=ttyS0'], epoch: 1_700_000_000 };
    await host.release.after(host.log, () => makeDisk(host, wanted));
    return { disk: output, log: host.log };
  }
  const warnings = ({ lines }: RecordedLog) => lines.filter((line) => line.startsWith('warn'));
  const offsetOf = (layout: Layout, device: string) => devicePlaces(layout).get(device)?.[0]?.offset ?? 0;
  const onRoot = (disk: string, layout: Layout, request: string) =>
    program('debugfs', ['-R', request, `${disk}?offset=${offsetOf(layout, 'root')}`]);
  const esp = (disk: string, layout: Layout) => `${disk}@@${offsetOf(layout, 'ESP')}`;
  const onEsp = (disk: string, layout: Layout) =>
    program('mdir', ['-/', '-b', '-i', esp(disk, layout)])
      .split('\n')
      .filter((line) => line.startsWith('::/') && !line.endsWith('/'));
  const uuidOf = (disk: string, layout: Layout) =>
    /Filesystem UUID: +(\S+)/.exec(onRoot(disk, layout, 'stats -h'))?.[1] ?? '';

  it('are shim and the signed GRUB by UEFI, and GRUB from the tree by BIOS', async () => {
    putShim();
    putBiosGrub();
    const layout = both();
    const { disk, log } = await make(layout);
    expect(warnings(log)).to.deep.equal([]);
    expect(onEsp(disk, layout)).to.have.members([
      ...['::/EFI/BOOT/BOOTX64.EFI', '::/EFI/BOOT/grubx64.efi', '::/EFI/BOOT/mmx64.efi', '::/EFI/debian/grub.cfg'],
    ]);
    const uuid = uuidOf(disk, layout);
    expect(program('mtype', ['-i', esp(disk, layout), '::/EFI/debian/grub.cfg'])).to.equal(
      `search.fs_uuid ${uuid} root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n`,
    );
    expect(onRoot(disk, layout, 'cat /boot/grub/grub.cfg')).to.contain(
      `\tlinux /boot/vmlinuz-6.12-amd64 root=UUID=${uuid} ro quiet console=ttyS0\n\tinitrd /boot/initrd.img-6.12-amd64\n`,
    );
    expect(onRoot(disk, layout, 'ls -p /boot/grub/i386-pc'))
      .to.contain('/normal.mod/')
      .and.to.contain('/moddep.lst/');
    expectCore(disk, 2048);
  });

  /** That the MBR's code leads to a core image whose list of sectors leads on. */
  function expectCore(disk: string, sector: number): void {
    const bytes = readFileSync(disk);
    expect(bytes.readBigUInt64LE(0x5c)).to.equal(BigInt(sector));
    expect(bytes.readUInt16LE(510), 'the partition table stays').to.equal(0xaa55);
    const core = bytes.subarray(sector * 512);
    const length = core.readUInt16LE(0x1fc);
    expect([core.readBigUInt64LE(0x1f4), core.readUInt16LE(0x1fe)]).to.deep.equal([BigInt(sector + 1), 0x820]);
    expect(length).to.be.within(40, 2046);
    expect(
      core.subarray(length * 512, (length + 1) * 512).some((byte) => byte !== 0),
      'the last sector',
    ).to.equal(true);
  }

  it('are before the first partition of an MBR', async () => {
    putBiosGrub();
    const layout = mbr();
    const { disk, log } = await make(layout);
    expect(warnings(log)).to.deep.equal([]);
    expectCore(disk, 1);
    program('sfdisk', ['--verify', disk]);
    program('e2fsck', ['-f', '-n', `${disk}?offset=${offsetOf(layout, 'root')}`]);
  });

  it('are systemd-boot with the kernels beside it, where there is no GRUB', async () => {
    put('usr/lib/systemd/boot/efi/systemd-bootx64.efi', 'systemd-boot');
    const layout = both();
    const { disk, log } = await make(layout);
    expect(warnings(log)).to.deep.equal([
      "warn: The disk won't boot by a BIOS: the tree has no GRUB for it (/usr/lib/grub/i386-pc; Debian's package grub-pc-bin)",
    ]);
    expect(onEsp(disk, layout)).to.have.members([
      ...['::/EFI/BOOT/BOOTX64.EFI', '::/loader/loader.conf', '::/loader/entries/debian-6.12-amd64.conf'],
      ...['::/debian/6.12-amd64/linux', '::/debian/6.12-amd64/initrd'],
    ]);
    const entry = program('mtype', ['-i', esp(disk, layout), '::/loader/entries/debian-6.12-amd64.conf']);
    expect(entry).to.contain(
      `options root=UUID=${uuidOf(disk, layout)} ro quiet console=ttyS0\nlinux /debian/6.12-amd64/linux\n`,
    );
    expect(program('mtype', ['-i', esp(disk, layout), '::/debian/6.12-amd64/initrd'])).to.equal('an initial RAM disk');
  });

  it("are those of the tree's architecture, whatever this machine is", async () => {
    const shell = readFileSync('/usr/bin/dash');
    shell.writeUInt16LE(183, 18);
    put('usr/bin/dash', shell);
    putShim();
    putBiosGrub();
    put('usr/lib/shim/shimaa64.efi.signed', 'shim');
    put('usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed', 'MZ\0/EFI/debian\0');
    const layout = both();
    const { disk, log } = await make(layout);
    expect(warnings(log)).to.deep.equal([]);
    expect(onEsp(disk, layout)).to.have.members([
      ...['::/EFI/BOOT/BOOTAA64.EFI', '::/EFI/BOOT/grubaa64.efi', '::/EFI/debian/grub.cfg'],
    ]);
    expect(readFileSync(disk).readUInt32LE(0x5c), 'no code for a BIOS').to.equal(0);
  });

  it("are those of the tree's own EFI system partition, told where the configuration is", async () => {
    for (const name of ['BOOT/BOOTX64.EFI', 'fedora/grubx64.efi', 'fedora/shimx64.efi'])
      put(`boot/efi/EFI/${name}`, name);
    const layout = both();
    const { disk } = await make(layout);
    expect(onEsp(disk, layout)).to.include('::/EFI/fedora/grub.cfg').and.to.not.include('::/EFI/BOOT/grubx64.efi');
    expect(program('mtype', ['-i', esp(disk, layout), '::/EFI/BOOT/BOOTX64.EFI'])).to.equal('BOOT/BOOTX64.EFI');
  });

  it('are warned of where the tree has none', async () => {
    const { log } = await make(both());
    expect(warnings(log)).to.have.length(2);
    expect(warnings(log)[1]).to.match(/won't boot by UEFI: the tree has no boot loader for it: neither shim/);
  });

  it('are not needed for a disk of data', async () => {
    rmSync(join(tree, 'boot'), { recursive: true });
    const { log } = await make(both(), 'none');
    expect(warnings(log)).to.deep.equal([]);
  });

  it('need a kernel, and its initial RAM disk', async () => {
    rmSync(join(tree, 'boot/initrd.img-6.12-amd64'));
    expect(((await rejection(make(both()))) as Error).message).to.contain(
      'the kernel /boot/vmlinuz-6.12-amd64 of the tree',
    );
    rmSync(join(tree, 'boot/vmlinuz-6.12-amd64'));
    expect(((await rejection(make(both()))) as Error).message).to.match(/has no kernel .*'--boot-loader none'/);
  });
});
