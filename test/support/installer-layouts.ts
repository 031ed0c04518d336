import { readFileSync } from 'node:fs';
import { layoutFile } from '../../src/config/layout-file.js';
import type { Layout } from '../../src/layout/layout.js';
import { GiB, planned } from './layout.js';

/** A shipped layout on a disk of some size. */
export function shippedLayout(name: string, size = 20 * GiB): Layout {
  return planned(readFileSync(layoutFile(name), 'utf8'), size);
}

/** Everything that some installer can't do, for messages: two disks, an MBR with logical partitions, a thin volume. */
export const difficult = `
- local_loop: {name: image0}
- local_loop: {name: data, size: 1GiB}
- partitioning:
    base: image0
    label: mbr
    partitions:
      - name: root
        flags: [boot, primary]
        size: 4GiB
        mkfs:
          type: ext4
          opts: -i 8192
          uuid: b733f302-0336-49c0-85f2-38ca109e8bdb
          mount: {mount_point: /, fstab: {options: noatime}}
      - name: spare
        size: 1GiB
      - name: pv0
        type: 8e
        size: 3GiB
- lvm:
    name: lvm
    pvs: [{name: pv, base: pv0}]
    vgs: [{name: vg, base: [pv]}]
    lvs:
      - {name: pool, base: vg, size: 1GiB, type: thin-pool}
      - {name: thin, base: vg, size: 4GiB, type: thin, thin-pool: pool}
- mkfs: {name: fs_thin, base: thin, type: xfs, mount: {mount_point: /srv, fstab: {options: defaults}}}
`;
