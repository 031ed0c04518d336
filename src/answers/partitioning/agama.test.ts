import { expect } from 'chai';
import { GiB, planned } from '../../../test/support/layout.js';
import { difficult, shippedLayout } from '../../../test/support/installer-layouts.js';
import type { Layout } from '../../layout/layout.js';
import { agama } from './agama.js';
import { installedMachine } from './partitioning.js';

interface Storage {
  readonly boot: unknown;
  readonly drives: readonly { readonly partitions: readonly Readonly<Record<string, unknown>>[] }[];
  readonly volumeGroups?: readonly { readonly logicalVolumes: readonly unknown[]; readonly [key: string]: unknown }[];
}

const storage = (layout: Layout) =>
  (JSON.parse(`{${agama.write(layout, installedMachine({}))}}`) as { storage: Storage }).storage;

describe("a layout as storage of Agama's profile", () => {
  it('has the partitions that booting needs, so that Agama adds none', () => {
    const { boot, drives } = storage(shippedLayout('hybrid', 10 * GiB));
    expect(boot).to.deep.equal({ configure: false });
    expect(drives[0]?.partitions).to.deep.equal([
      { search: '*', delete: true },
      { alias: 'BSP', id: 'bios_boot', size: 2 ** 20 },
      {
        ...{ alias: 'ESP', id: 'esp', size: 256 * 2 ** 20 },
        filesystem: { path: '/boot/efi', mountBy: 'label', type: 'vfat', label: 'ESP', mountOptions: ['umask=0077'] },
      },
      {
        ...{ alias: 'root', id: 'linux', size: { min: 9419253350 } },
        filesystem: { path: '/', mountBy: 'label', type: 'ext4', label: 'cloudimg-rootfs' },
      },
    ]);
  });

  it('has volume groups on partitions', () => {
    const [group] = storage(shippedLayout('lvm')).volumeGroups ?? [];
    expect(group).to.deep.include({ name: 'vg', extentSize: 4 * 2 ** 20, physicalVolumes: ['lvm_pv'] });
    expect(group?.logicalVolumes.at(-1)).to.deep.include({
      name: 'lv_swap',
      filesystem: { path: 'swap', mountBy: 'label', type: 'swap', label: 'swap' },
    });
  });

  it("says what can't be done", () => {
    const limits = (layout: Layout) => agama.limits(layout).map(({ on, why }) => `${on}: ${why}`);
    expect(limits(planned(difficult))).to.deep.equal([
      'data: an installation has one disk: keep one local_loop',
      ...['spare', 'pv0'].map(
        (name) =>
          `${name}: it decides itself which partitions are logical: give it the flag primary, or take label: gpt`,
      ),
    ]);
  });
});
