import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect } from 'chai';
import { bootRecords } from '../../src/artifacts/table.js';
import { readDiskLayout } from '../../src/disk/disk-layout.js';
import { bootWays, type BootWay } from '../../src/disk/boot-ways.js';
import { Volumes } from '../../src/disk/volumes.js';
import { sha256Of } from '../../src/host/digest.js';
import { Failure } from '../../src/host/failure.js';
import type { BuildState } from '../../src/images/build.js';
import { bootTest } from '../../src/images/stages/boot-test.js';
import { Libvirt } from '../../src/machine/libvirt.js';
import { grubDisk } from '../support/grub-disk.js';
import { rejection } from '../support/host.js';
import { testPlan, type TestPlan } from '../support/plan.js';
import { testStageHost } from '../support/stage.js';

/** Real machines with SeaBIOS and OVMF. Their disks have no system, only a GRUB for each firmware that shows a prompt. */
describe('the boot test by several firmwares', () => {
  let made: TestPlan;
  afterEach(() => made.remove());

  async function boot(says: Parameters<typeof grubDisk>[1], lines = '') {
    made = testPlan(`format = raw\nboot-timeout = 5m\n${lines}`);
    const { plan } = made;
    // QEMU's user must reach what root made.
    chmodSync(made.directory, 0o711);
    const image = plan.paths.candidate;
    grubDisk(image, says);
    const host = testStageHost<BuildState>();
    await new Libvirt(host, plan.spec.connect).ensureReachable();
    const ways: readonly BootWay[] = await Volumes.use(host, image, async (volumes) => {
      return (await bootWays(volumes, await readDiskLayout(host, image), 'BOOTX64.EFI')).ways;
    });
    const sha256 = await sha256Of(host, image);
    const step = bootTest.bind(plan)!;
    try {
      await step.run(host, { image: { name: 'web.raw', bytes: 0, sha256 }, bootWays: ways });
    } finally {
      await host.release.releaseAll(host.log);
    }
    return { plan, log: host.log.lines.filter((line) => !line.startsWith('debug')) };
  }

  it('proves a hybrid disk by each of its boot loaders, from the same untouched image', async () => {
    const { plan, log } = await boot({ bios: 'by-bios', uefi: 'by-uefi' });
    expect(log).to.include.members([
      "info: The image boots by BIOS: the console says 'by-bios login:'",
      "info: The image boots by UEFI: the console says 'by-uefi login:'",
    ]);
    const { bootLog, bootScreenshot, bootNvram, bootOverlay } = plan.paths;
    const byUefi = bootRecords(plan.paths, 'uefi');
    expect(readFileSync(bootLog, 'utf8')).to.match(/by-bios login:/);
    expect(readFileSync(byUefi.bootLog, 'utf8')).to.match(/by-uefi login:/);
    for (const file of [bootScreenshot, byUefi.bootScreenshot]) expect(existsSync(file), file).to.equal(true);
    for (const file of [bootNvram, bootOverlay]) expect(existsSync(file), file).to.equal(false);
  });

  it('starts it from every disk and on every machine that is asked for, as many times as the longest list has words', async () => {
    const { plan, log } = await boot(
      { bios: 'by-bios', uefi: 'by-uefi' },
      'boot-test-disk = virtio, scsi, nvme, sata, pvscsi\nboot-test-machine = pc, q35\nboot-test-net = virtio, e1000e',
    );
    const said = (firmware: string) => `: the console says 'by-${firmware} login:'`;
    expect(log.filter((line) => line.startsWith('info: The image boots'))).to.deep.equal([
      `info: The image boots by BIOS on pc${said('bios')}`,
      `info: The image boots by UEFI from virtio-scsi with e1000e on q35${said('uefi')}`,
      `info: The image boots by BIOS from NVMe on pc${said('bios')}`,
      `info: The image boots by UEFI from SATA (AHCI) with e1000e on q35${said('uefi')}`,
      `info: The image boots by BIOS from VMware's PVSCSI on pc${said('bios')}`,
    ]);
    const records = [
      '',
      '-uefi-q35-scsi-e1000e',
      '-bios-pc-nvme-virtio',
      '-uefi-q35-sata-e1000e',
      '-bios-pc-pvscsi-virtio',
    ];
    const { outputDir, bootLog } = plan.paths;
    const names = readdirSync(outputDir).filter((name) => name.startsWith(basename(bootLog, '.log')));
    expect(names.sort()).to.deep.equal(
      records
        .flatMap((tag) => ['log', 'png'].map((end) => basename(bootLog).replace(/\.log$/, `${tag}.${end}`)))
        .sort(),
    );
  });

  it('tells which of them does not boot, and why', async () => {
    const failure = await rejection(boot({ bios: 'by-bios' }, 'boot-test-firmware = both'));
    expect(failure).to.be.instanceOf(Failure);
    expect((failure as Failure).message).to.match(
      /^booting by UEFI: waited for a login prompt, but the firmware finds nothing on the disk that boots/,
    );
    expect((failure as Failure).hint).to.contain('.boot-uefi.log');
  });

  it('refuses, as Secure Boot does, a boot loader without a signature', async () => {
    const failure = await rejection(boot({ uefi: 'by-uefi' }, 'firmware = uefi-secure'));
    expect((failure as Failure).message).to.match(/^booting by UEFI with Secure Boot: /);
  });
});
