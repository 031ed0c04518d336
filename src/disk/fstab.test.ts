import { expect } from 'chai';
import { parseFstab, subvolumeOf, volumeOf } from './fstab.js';
import type { Partition } from './partition-table.js';
import type { Content, LogicalVolume, PartitionVolume, Volume } from './volume.js';

const unknown = { fileSystem: 'ext4', uuid: undefined, label: undefined };
const extents = [{ start: 2 ** 20, end: 2 ** 21 }] as const;

const partition = (number: number, content: Partial<Content>, more: Partial<Partition> = {}): PartitionVolume => ({
  ...{ kind: 'partition', id: String(number), extents, size: 2 ** 20 },
  partition: { number, offset: 2 ** 20, size: 2 ** 20, type: '83', partUuid: undefined, partLabel: undefined, ...more },
  ...unknown,
  ...content,
});

const logical = (group: string, name: string, more: Partial<LogicalVolume> = {}): LogicalVolume => ({
  ...{ kind: 'logical volume', id: `${group}/${name}`, group, name, extents, size: 2 ** 20, deviceUuid: '' },
  ...unknown,
  ...more,
});

const volumes: Volume[] = [
  partition(1, { fileSystem: 'vfat', uuid: 'ABCD-1234' }),
  partition(2, { uuid: '0b1c6a5e-8f0e-4d0e-9d47-2a50b1f0a001', label: 'my root' }),
  partition(5, {}, { partUuid: '1234abcd-05', partLabel: 'Linux/var' }),
  logical('vg', 'root', { uuid: '1d0b7bb1-3ba4-4b0c-8cb2-cd8a33a51f3e' }),
  logical('my-host', 'var-log', { label: 'log', deviceUuid: 'rFqZZBuPuYNFXUR3kj7r' }),
];

describe('fstab', () => {
  it('is read as fstab(5) says', () => {
    const entries = parseFstab(
      [
        '# a comment',
        '',
        '  UUID=1\t/  ext4   errors=remount-ro,noatime 0 1',
        'LABEL=x /srv/my\\040files/ xfs',
        '/swap.img none swap sw 0 0',
      ].join('\n'),
    );
    expect(entries).to.deep.equal([
      { device: 'UUID=1', mountPoint: '/', type: 'ext4', options: ['errors=remount-ro', 'noatime'] },
      { device: 'LABEL=x', mountPoint: '/srv/my files', type: 'xfs', options: [''] },
      { device: '/swap.img', mountPoint: 'none', type: 'swap', options: ['sw'] },
    ]);
  });

  it('names volumes by everything that mount takes', () => {
    const ids: Record<string, string | undefined> = {
      'UUID=abcd-1234': '1',
      'UUID=0B1C6A5E-8F0E-4D0E-9D47-2A50B1F0A001': '2',
      'UUID="0b1c6a5e-8f0e-4d0e-9d47-2a50b1f0a001"': '2',
      'LABEL=my root': '2',
      'PARTUUID=1234abcd-05': '5',
      'PARTLABEL=Linux/var': '5',
      '/dev/vda2': '2',
      '/dev/sda5': '5',
      '/dev/nvme0n1p2': '2',
      '/dev/disk/by-uuid/ABCD-1234': '1',
      '/dev/disk/by-label/my\\x20root': '2',
      '/dev/disk/by-partuuid/1234abcd-05': '5',
      '/dev/disk/by-partlabel/Linux\\x2fvar': '5',
      '/dev/disk/by-path/pci-0000:04:00.0-part2': '2',
      '/dev/disk/by-id/virtio-1-part5': '5',
      '/dev/vdb2': undefined,
      '/dev/mapper/vg-root': 'vg/root',
      '/dev/vg/root': 'vg/root',
      'UUID=1d0b7bb1-3ba4-4b0c-8cb2-cd8a33a51f3e': 'vg/root',
      '/dev/mapper/my--host-var--log': 'my-host/var-log',
      '/dev/my-host/var-log': 'my-host/var-log',
      'LABEL=log': 'my-host/var-log',
      '/dev/disk/by-id/dm-name-my--host-var--log': 'my-host/var-log',
      '/dev/disk/by-id/dm-uuid-LVM-rFqZZBuPuYNFXUR3kj7r': 'my-host/var-log',
      '/dev/mapper/my-host-var-log': undefined,
      '/dev/vg/home': undefined,
      'UUID=none': undefined,
      tmpfs: undefined,
      '/dev/vda3': undefined,
    };
    for (const [device, id] of Object.entries(ids)) {
      expect(volumeOf(device, volumes)?.id, device).to.equal(id);
    }
  });

  it('names subvolumes of btrfs', () => {
    const [one, top, none] = parseFstab('a / btrfs subvol=/@/home\na / btrfs rw,subvol=/\na / btrfs subvolid=5\n');
    expect([one!, top!, none!].map(subvolumeOf)).to.deep.equal(['@/home', '/', undefined]);
  });
});
