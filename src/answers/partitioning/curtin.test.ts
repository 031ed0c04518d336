import { expect } from 'chai';
import { parse } from 'yaml';
import { GiB, planned } from '../../../test/support/layout.js';
import { difficult, shippedLayout } from '../../../test/support/installer-layouts.js';
import type { Layout } from '../../layout/layout.js';
import { curtin } from './curtin.js';
import { installedMachine } from './partitioning.js';

interface Storage {
  readonly version: number;
  readonly swap: { readonly size: number };
  readonly config: readonly Readonly<Record<string, unknown>>[];
}

function storage(layout: Layout, options: Readonly<Record<string, string>> = {}): Storage {
  const text = curtin.write(layout, installedMachine(options));
  return (parse(text, { version: '1.1' }) as { storage: Storage }).storage;
}

describe('a layout as actions of curtin', () => {
  it('puts partitions where the layout has them, with their types and names', () => {
    const { version, swap, config } = storage(shippedLayout('hybrid', 10 * GiB));
    expect([version, swap]).to.deep.equal([2, { size: 0 }]);
    const partitions = config.filter(({ type }) => type === 'partition');
    expect(
      partitions.map(({ number, offset, size, partition_name, flag }) => [number, offset, size, partition_name, flag]),
    ).to.deep.equal([
      [1, 2 ** 20, 2 ** 20, 'BSP', 'bios_grub'],
      [2, 2 * 2 ** 20, 256 * 2 ** 20, 'ESP', 'boot'],
      [3, 258 * 2 ** 20, (10240 - 259) * 2 ** 20, 'root', undefined],
    ]);
    expect(partitions[1]?.partition_type).to.equal('c12a7328-f81f-11d2-ba4b-00a0c93ec93b');
    expect(config.filter(({ type }) => type === 'mount').map(({ path }) => path)).to.deep.equal(['/', '/boot/efi']);
  });

  it('lets GRUB be installed where the firmware looks for it', () => {
    const places = (firmware: string) =>
      storage(shippedLayout('hybrid'), { firmware })
        .config.filter(({ grub_device }) => grub_device === true)
        .map(({ id }) => id);
    expect(places('bios')).to.deep.equal(['disk']);
    expect(places('uefi')).to.deep.equal(['disk', 'place-ESP']);
  });

  it('makes volumes, and mounts them with their options', () => {
    const server = shippedLayout('server');
    const { config } = storage(server);
    const volumes = config.filter(({ type }) => type === 'lvm_partition');
    expect(volumes.map(({ name, size }) => [name, size])).to.deep.equal(
      server.volumeGroups[0]?.volumes.map(({ name, size }) => [name, size]),
    );
    expect(config.find(({ path }) => path === '/tmp')).to.deep.include({
      device: 'format-fs_tmp',
      options: 'nodev,nosuid,noexec',
    });
  });

  it('makes logical partitions and swap space of an MBR, passes options to mkfs, and quotes what it is given', () => {
    const layout = planned(`
- local_loop: {name: image0}
- partitioning:
    base: image0
    label: mbr
    partitions:
      - {name: root, flags: [boot, primary], size: 5GiB, mkfs: {type: ext4, label: "it's: 1", opts: -i 8192, mount: {mount_point: /, fstab: {}}}}
      - {name: swap, type: 82, size: 1GiB, mkfs: {type: swap, mount: {mount_point: none, fstab: {}}}}
`);
    expect(curtin.limits(layout)).to.deep.equal([]);
    const { config } = storage(layout);
    expect(config.filter(({ type }) => type === 'partition').map(({ number, flag }) => [number, flag])).to.deep.equal([
      [1, 'boot'],
      [2, 'extended'],
      [5, 'logical'],
    ]);
    expect(config.find(({ fstype }) => fstype === 'ext4')).to.deep.include({
      label: "it's: 1",
      extra_options: ['-i', '8192'],
    });
  });

  it("says what can't be done", () => {
    expect(curtin.limits(planned(difficult)).map(({ on, why }) => `${on}: ${why}`)).to.deep.equal([
      'data: an installation has one disk: keep one local_loop',
      'pool: it makes no thin pools',
      'thin: it makes no thin volumes',
    ]);
  });
});
