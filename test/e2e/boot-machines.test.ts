import { chmodSync, copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { sha256Of } from '../../src/host/digest.js';
import { Failure } from '../../src/host/failure.js';
import type { BuildState } from '../../src/images/build.js';
import { bootTest } from '../../src/images/stages/boot-test.js';
import { Libvirt } from '../../src/machine/libvirt.js';
import { rejection } from '../support/host.js';
import { normalUser, type NormalUser } from '../support/normal-user.js';
import { testPlan, type TestPlan } from '../support/plan.js';
import { testStageHost } from '../support/stage.js';
import { aptMirrorUrl } from './apt-mirror.js';

const packages = [
  ...['linux-image-amd64', 'systemd-sysv', 'udev', 'dbus', 'qemu-guest-agent', 'grub-pc-bin', 'grub-efi-amd64-bin'],
  ...['e2fsprogs', 'util-linux'],
];

/** A real Debian with systemd and qemu-guest-agent, from a tree: it boots in a minute where its installation takes an hour. */
describe('the boot test of a system with systemd', () => {
  let user: NormalUser;
  let test: TestPlan;

  before(async () => (user = await normalUser()));
  after(async () => user?.remove());
  afterEach(() => test?.remove());

  /** @param change what is done in the tree, in the words of a shell */
  async function makeDisk(change: string): Promise<string> {
    const [first = '', ...rest] = user.command;
    const as = (...words: string[]) => execa(first, [...rest, ...words]);
    const tree = join(user.home, 'tree');
    await as('rm', '-rf', tree);
    const made = ['--mode=unshare', '--variant=minbase', `--include=${packages.join(',')}`];
    await as(
      'mmdebstrap',
      ...made,
      `--customize-hook=chroot "$1" sh -c '${change}'`,
      'trixie',
      tree,
      await aptMirrorUrl(),
    );
    const disk = join(user.home, 'disk.raw');
    const options = ['--layout', 'hybrid', '--size', '2G', '--kernel-options', 'console=ttyS0', '--force'];
    await as(user.program, 'disk', 'make', '--tree', tree, ...options, disk);
    return disk;
  }

  async function boot(disk: string, lines: string): Promise<string[]> {
    test = testPlan(`format = raw\nram = 1G\ncores = 2\nboot-timeout = 60m\n${lines}`);
    chmodSync(test.directory, 0o711);
    const { plan } = test;
    copyFileSync(disk, `${plan.paths.candidate}.new`);
    renameSync(`${plan.paths.candidate}.new`, plan.paths.candidate);
    const host = testStageHost<BuildState>();
    await new Libvirt(host, plan.spec.connect).ensureReachable();
    const sha256 = await sha256Of(host, plan.paths.candidate);
    try {
      await bootTest
        .bind(plan)!
        .run(host, { image: { name: 'web.raw', bytes: 0, sha256 }, bootWays: ['bios', 'uefi'] });
    } finally {
      await host.release.releaseAll(host.log);
    }
    return host.log.lines.filter((line) => /^(info: The image boots|warn)/.test(line));
  }

  it('finds it healthy on every disk, on both machines', async () => {
    const disk = await makeDisk('systemctl enable qemu-guest-agent');
    const healthy = "systemctl is-system-running says 'running'";
    expect(
      await boot(disk, 'boot-test = healthy\nboot-test-disk = virtio, scsi, nvme, sata\nboot-test-machine = pc, q35'),
    ).to.deep.equal([
      `info: The image boots by BIOS on pc: ${healthy}`,
      `info: The image boots by UEFI from virtio-scsi on q35: ${healthy}`,
      `info: The image boots by BIOS from NVMe on pc: ${healthy}`,
      `info: The image boots by UEFI from SATA (AHCI) on q35: ${healthy}`,
    ]);
  });

  it('tells of a unit that fails: "healthy" with its last words, and "agent" in a warning', async () => {
    const service = ['Type=oneshot', 'ExecStart=/bin/false'];
    const unit = ['[Unit]', 'Description=Sulks', '[Service]', ...service, '[Install]', 'WantedBy=multi-user.target'];
    const lines = unit.map((line) => `"${line}"`).join(' ');
    const disk = await makeDisk(`printf "%s\\n" ${lines} >/etc/systemd/system/sulk.service; systemctl enable sulk`);
    const failure = (await rejection(boot(disk, 'boot-test = healthy\nboot-test-firmware = bios'))) as Failure;
    expect(failure).to.be.instanceOf(Failure);
    expect(failure.message).to.match(/is not healthy: systemctl is-system-running says 'degraded'; units that failed:/);
    expect(failure.message).to.match(/sulk\.service \(Sulks\)[^]*status=1/);
    test.remove();
    const [warned] = await boot(disk, 'boot-test = agent\nboot-test-firmware = bios');
    expect(warned).to.match(/^warn: The image boots, but with units that fail:[^]*sulk\.service \(Sulks\)/);
  });

  it('says of an image whose initramfs has no driver for a disk from where it boots, and what to do', async () => {
    const disk = await makeDisk(
      `echo MODULES=list >/etc/initramfs-tools/conf.d/few; printf "virtio_pci\\nvirtio_blk\\next4\\n" >>/etc/initramfs-tools/modules; update-initramfs -u`,
    );
    const failure = (await rejection(
      boot(disk, 'boot-test-firmware = bios\nboot-test-disk = virtio, sata, nvme'),
    )) as Failure;
    expect(failure.message).to.match(
      /^booting by BIOS from SATA \(AHCI\): waited for a login prompt, but the initramfs does not find the root/,
    );
    expect(failure.hint).to.match(/MODULES=most.* It boots by BIOS\. Not tried: BIOS from NVMe\./);
  });
});
