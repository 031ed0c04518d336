import { expect } from 'chai';
import { architectures, firmwareNamed } from '../machine/architectures.js';
import type { Firmware } from '../machine/firmware.js';
import { testPlan } from '../../test/support/plan.js';
import { bootsOf } from './boots.js';

describe('the boots of a boot test', () => {
  const firmwares = (...names: Firmware[]) => names.map((name) => firmwareNamed(architectures.x86_64, name)!);

  function boots(lines: string, ...names: Firmware[]) {
    const test = testPlan(lines);
    test.remove();
    return bootsOf(test.plan.spec, firmwares(...names));
  }

  const titles = (lines: string, ...names: Firmware[]) => boots(lines, ...names).map(({ title }) => title);

  it('are one for each firmware where nothing else is asked for', () => {
    expect(titles('', 'bios')).to.deep.equal(['BIOS']);
    expect(titles('', 'bios', 'uefi')).to.deep.equal(['BIOS', 'UEFI']);
  });

  it('are as many as the longest list has words, each word at least once', () => {
    expect(titles('boot-test-disk = virtio, scsi, nvme, sata', 'bios')).to.deep.equal([
      'BIOS',
      'BIOS from virtio-scsi',
      'BIOS from NVMe',
      'BIOS from SATA (AHCI)',
    ]);
    expect(
      titles(
        'boot-test-disk = virtio, scsi, nvme\nboot-test-machine = pc, q35\nboot-test-net = e1000e',
        'bios',
        'uefi',
      ),
    ).to.deep.equal([
      'BIOS with e1000e on pc',
      'UEFI from virtio-scsi with e1000e on q35',
      'BIOS from NVMe with e1000e on pc',
    ]);
  });

  it('are none of them made twice', () => {
    expect(titles('boot-test-disk = nvme, nvme\nboot-test-machine = q35 q35 q35', 'bios')).to.deep.equal([
      'BIOS from NVMe on q35',
    ]);
  });

  it('take the machine that Secure Boot needs, whatever else is asked for', () => {
    expect(titles('boot-test-machine = pc, q35', 'bios', 'uefi-secure', 'uefi')).to.deep.equal([
      'BIOS on pc',
      'UEFI with Secure Boot',
      'UEFI on pc',
    ]);
  });

  it('are told apart in the names of files by what differs', () => {
    const tags = (lines: string, ...names: Firmware[]) => boots(lines, ...names).map(({ tag }) => tag);
    expect(tags('', 'bios', 'uefi')).to.deep.equal(['', 'uefi']);
    expect(tags('boot-test-disk = sata, nvme\nboot-test-machine = q35', 'bios')).to.deep.equal(['', 'nvme']);
    expect(tags('boot-test-disk = virtio, scsi, nvme', 'bios', 'uefi')).to.deep.equal(['', 'uefi-scsi', 'bios-nvme']);
    expect(tags('boot-test-machine = pc, q35', 'uefi')).to.deep.equal(['', 'q35']);
  });
});
