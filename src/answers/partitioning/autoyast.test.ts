import { expect } from 'chai';
import { GiB, planned } from '../../../test/support/layout.js';
import { shippedLayout } from '../../../test/support/installer-layouts.js';
import type { Layout } from '../../layout/layout.js';
import { autoyast } from './autoyast.js';
import { installedMachine } from './partitioning.js';

/** Each element with a text, as `name=text`, in order; what begins and ends is left out. */
function elements(layout: Layout): string[] {
  const xml = autoyast.write(layout, installedMachine({}));
  return [...xml.matchAll(/<(\w+)(?: config:type="\w+")?>([^<\n]*)<\/\1>/g)].map(([, name, text]) => `${name}=${text}`);
}

const limits = (layout: Layout) => autoyast.limits(layout).map(({ on, why }) => `${on}: ${why}`);

describe('a layout as partitioning of AutoYaST', () => {
  it('has a partition for each boot loader, and no snapshots', () => {
    expect(elements(shippedLayout('hybrid', 10 * GiB))).to.deep.equal([
      ...['device=/dev/vda', 'disklabel=gpt', 'initialize=true', 'use=all', 'enable_snapshots=false'],
      ...['create=true', 'partition_id=263', 'format=false', 'size=1MiB'],
      ...['create=true', 'partition_id=259', 'format=true', 'filesystem=vfat', 'label=ESP'],
      ...['fstopt=umask=0077', 'mount=/boot/efi', 'mountby=label', 'size=256MiB'],
      ...['create=true', 'partition_id=131', 'format=true', 'filesystem=ext4', 'label=cloudimg-rootfs'],
      ...['mount=/', 'mountby=label', 'size=max'],
    ]);
  });

  it('has a drive for a volume group', () => {
    const found = elements(shippedLayout('lvm'));
    expect(found).to.include.members(['lvm_group=vg', 'device=/dev/vg', 'type=CT_LVM', 'pesize=4MiB']);
    expect(found.slice(found.indexOf('lv_name=lv_swap') - 1)).to.deep.equal([
      ...['create=true', 'lv_name=lv_swap', 'format=true', 'filesystem=swap', 'label=swap'],
      ...['mount=swap', 'mountby=label', 'size=max'],
    ]);
  });

  it('can make thin volumes, and subvolumes where they lie', () => {
    const layout = (mount: string) =>
      planned(`
- local_loop: {name: image0}
- partitioning:
    base: image0
    label: gpt
    partitions:
      - name: root
        size: 4GiB
        mkfs:
          type: btrfs
          label: R&D
          mount: {mount_point: /, fstab: {}}
          subvolumes: [{name: srv, mount: {mount_point: ${mount}, fstab: {}}}]
      - {name: pv0, type: 8E00, size: 100%}
- lvm:
    name: lvm
    pvs: [{name: pv, base: pv0}]
    vgs: [{name: vg, base: [pv]}]
    lvs:
      - {name: pool, base: vg, size: 1GiB, type: thin-pool}
      - {name: thin, base: vg, size: 4GiB, type: thin, thin-pool: pool}
- mkfs: {name: fs_thin, base: thin, type: xfs, mount: {mount_point: /home, fstab: {}}}
`);
    const found = elements(layout('/srv'));
    expect(limits(layout('/srv'))).to.deep.equal([]);
    expect(found).to.include.members([
      'create_subvolumes=true',
      'label=R&amp;D',
      'path=srv',
      'pool=true',
      'used_pool=pool',
    ]);
    expect(limits(layout('/data'))).to.deep.equal(["mkfs_root: it mounts a subvolume where it lies: 'srv' at /srv"]);
  });
});
