import { expect } from 'chai';
import { GiB, planned } from '../../../test/support/layout.js';
import { difficult, shippedLayout } from '../../../test/support/installer-layouts.js';
import type { Layout } from '../../layout/layout.js';
import { kickstart } from './kickstart.js';
import { installedMachine } from './partitioning.js';

const lines = (layout: Layout) => kickstart.write(layout, installedMachine({})).split('\n');
const limits = (layout: Layout) => kickstart.limits(layout).map(({ on, why }) => `${on}: ${why}`);

describe('a layout as commands of Kickstart', () => {
  it('has a partition for each boot loader', () => {
    expect(lines(shippedLayout('hybrid', 10 * GiB))).to.deep.equal([
      'ignoredisk --only-use=vda',
      'zerombr',
      'clearpart --all --initlabel --disklabel=gpt --drives=vda',
      'part biosboot --fstype=biosboot --size=1 --ondisk=vda',
      'part /boot/efi --fstype=efi --label=ESP --fsoptions=umask=0077 --size=256 --ondisk=vda',
      'part / --fstype=ext4 --label=cloudimg-rootfs --size=9973 --grow --ondisk=vda',
    ]);
  });

  it('has volumes with the options they are mounted with; the last one grows', () => {
    const server = lines(shippedLayout('server'));
    expect(server).to.include.members([
      'part pv.3 --size=20213 --grow --ondisk=vda',
      'volgroup vg pv.3 --pesize=4096',
      'logvol / --fstype=ext4 --label=cloudimg-rootfs --vgname=vg --name=lv_root --size=6064',
      'logvol /tmp --fstype=ext4 --label=tmp --fsoptions=nodev,nosuid,noexec --vgname=vg --name=lv_tmp --size=1008',
      'logvol /home --fstype=ext4 --label=home --fsoptions=nodev,nosuid --vgname=vg --name=lv_home --size=4044 --grow',
    ]);
  });

  it('can make thin volumes, options and UUIDs, swap, and subvolumes of btrfs', () => {
    const layout = planned(`
- local_loop: {name: image0}
- partitioning:
    base: image0
    label: gpt
    partitions:
      - name: root
        size: 2GiB
        mkfs: {type: xfs, label: top, opts: -i size=512, uuid: b733f302-0336-49c0-85f2-38ca109e8bdb, mount: {mount_point: /, fstab: {}}}
      - {name: swap, type: 8200, size: 1GiB, mkfs: {type: swap, label: swap, mount: {mount_point: none, fstab: {}}}}
      - name: data
        size: 2GiB
        mkfs:
          type: btrfs
          label: data
          subvolumes:
            - {name: srv, mount: {mount_point: /srv, fstab: {}}}
      - {name: pv0, type: 8E00, size: 100%}
- lvm:
    name: lvm
    pvs: [{name: pv, base: pv0}]
    vgs: [{name: vg, base: [pv]}]
    lvs:
      - {name: thin, base: vg, size: 4GiB, type: thin, thin-pool: pool}
      - {name: pool, base: vg, size: 1GiB, type: thin-pool}
- mkfs: {name: fs_thin, base: thin, type: ext4, label: home, mount: {mount_point: /home, fstab: {}}}
`);
    expect(limits(layout)).to.deep.equal([]);
    expect(lines(layout).slice(3)).to.deep.equal([
      "part / --fstype=xfs --label=top '--mkfsoptions=-i size=512 -m uuid=b733f302-0336-49c0-85f2-38ca109e8bdb' --size=2048 --ondisk=vda",
      'part swap --label=swap --size=1024 --ondisk=vda',
      'part btrfs.data --size=2048 --ondisk=vda',
      'part pv.4 --size=5110 --grow --ondisk=vda',
      'volgroup vg pv.4 --pesize=4096',
      'logvol none --thinpool --vgname=vg --name=pool --size=1024',
      'logvol /home --fstype=ext4 --label=home --vgname=vg --name=thin --size=4096 --thin --poolname=pool',
      'btrfs none --label=data btrfs.data',
      'btrfs /srv --subvol --name=srv LABEL=data',
    ]);
  });

  it("says what can't be done", () => {
    expect(limits(planned(difficult))).to.deep.equal([
      'data: an installation has one disk: keep one local_loop',
      'spare: it makes no partition without a file system: add mkfs',
      ...['spare', 'pv0'].map(
        (name) =>
          `${name}: it decides itself which partitions are logical: give it the flag primary, or take label: gpt`,
      ),
    ]);
  });
});
