import { expect } from 'chai';
import { parseFstab, subvolumeOf, volumeOf } from './fstab.js';
import type { Volume } from './partition-table.js';

const volume = (number: number, more: Partial<Volume>): Volume => ({
  number,
  offset: number * 2 ** 20,
  size: 2 ** 20,
  type: '83',
  fileSystem: 'ext4',
  uuid: undefined,
  label: undefined,
  partUuid: undefined,
  partLabel: undefined,
  ...more,
});

const volumes = [
  volume(1, { fileSystem: 'vfat', uuid: 'ABCD-1234' }),
  volume(2, { uuid: '0b1c6a5e-8f0e-4d0e-9d47-2a50b1f0a001', label: 'my root' }),
  volume(5, { partUuid: '1234abcd-05', partLabel: 'Linux/var' }),
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
    const numbers: Record<string, number | undefined> = {
      'UUID=abcd-1234': 1,
      'UUID=0B1C6A5E-8F0E-4D0E-9D47-2A50B1F0A001': 2,
      'UUID="0b1c6a5e-8f0e-4d0e-9d47-2a50b1f0a001"': 2,
      'LABEL=my root': 2,
      'PARTUUID=1234abcd-05': 5,
      'PARTLABEL=Linux/var': 5,
      '/dev/vda2': 2,
      '/dev/sda5': 5,
      '/dev/nvme0n1p2': 2,
      '/dev/disk/by-uuid/ABCD-1234': 1,
      '/dev/disk/by-label/my\\x20root': 2,
      '/dev/disk/by-partuuid/1234abcd-05': 5,
      '/dev/disk/by-partlabel/Linux\\x2fvar': 5,
      '/dev/disk/by-path/pci-0000:04:00.0-part2': 2,
      '/dev/disk/by-id/virtio-1-part5': 5,
      '/dev/vdb2': undefined,
      '/dev/mapper/vg-root': undefined,
      'UUID=none': undefined,
      tmpfs: undefined,
      '/dev/vda3': undefined,
    };
    for (const [device, number] of Object.entries(numbers)) {
      expect(volumeOf(device, volumes)?.number, device).to.equal(number);
    }
  });

  it('names subvolumes of btrfs', () => {
    const [one, top, none] = parseFstab('a / btrfs subvol=/@/home\na / btrfs rw,subvol=/\na / btrfs subvolid=5\n');
    expect([one!, top!, none!].map(subvolumeOf)).to.deep.equal(['@/home', '/', undefined]);
  });
});
