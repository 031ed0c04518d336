import { expect } from 'chai';
import { describeContent, describeDevice, obstacles, type DeviceTree } from './device.js';

const GiB = 2 ** 30;

const device = (name: string, more: Partial<DeviceTree> = {}): DeviceTree => ({
  ...{ name, type: 'disk', size: 16 * GiB, ro: false, 'log-sec': 512, model: null, serial: null, tran: null },
  ...{ fstype: null, label: null, mountpoints: [null] },
  ...more,
});
const part = (name: string, more: Partial<DeviceTree> = {}) => device(name, { type: 'part', ...more });

const stick = device('/dev/sdb', { model: 'Ultra Fit        ', serial: '4C530001', tran: 'usb' });

describe('a device that an image is written onto', () => {
  it('may be written where nothing uses it, whatever is on it', () => {
    expect(obstacles(stick)).to.deep.equal([]);
    expect(obstacles({ ...stick, children: [part('/dev/sdb1', { fstype: 'LVM2_member' })] })).to.deep.equal([]);
  });

  const used: Record<string, readonly [DeviceTree, readonly string[]]> = {
    'is mounted': [
      { ...stick, children: [part('/dev/sdb1', { mountpoints: ['/media/x', '/mnt'] })] },
      ['/dev/sdb1 is mounted at /media/x: umount /media/x', '/dev/sdb1 is mounted at /mnt: umount /mnt'],
    ],
    'has swap space in use': [
      { ...stick, mountpoints: ['[SWAP]'] },
      ['/dev/sdb is swap space in use: swapoff /dev/sdb'],
    ],
    'is the disk of this machine, below LVM on LUKS': [
      device('/dev/nvme0n1', {
        children: [
          part('/dev/nvme0n1p1', { mountpoints: ['/boot/efi'] }),
          part('/dev/nvme0n1p2', {
            children: [
              device('/dev/mapper/luks', {
                type: 'crypt',
                children: [device('/dev/mapper/vg-root', { type: 'lvm', mountpoints: ['/'] })],
              }),
            ],
          }),
        ],
      }),
      [
        '/dev/nvme0n1 is the disk that this machine runs from: /boot/efi, /',
        '/dev/nvme0n1p2 is a part of /dev/mapper/luks (crypt): cryptsetup close /dev/mapper/luks',
        '/dev/mapper/luks is a part of /dev/mapper/vg-root (lvm): lvchange --activate n /dev/mapper/vg-root',
      ],
    ],
    'is a member of an array': [
      { ...stick, children: [part('/dev/sdb1', { children: [device('/dev/md0', { type: 'raid1' })] })] },
      ['/dev/sdb1 is a part of /dev/md0 (raid1): mdadm --stop /dev/md0'],
    ],
    'is one path of several': [
      { ...stick, children: [device('/dev/mapper/mpatha', { type: 'mpath' })] },
      ['/dev/sdb is a part of /dev/mapper/mpatha (mpath): write onto /dev/mapper/mpatha instead'],
    ],
    'is only a partition': [
      part('/dev/sdb1'),
      ['/dev/sdb1 is a partition: an image has partitions of its own, name the whole disk'],
    ],
    'is read-only, and empty': [
      device('/dev/sr0', { type: 'rom', ro: true, size: 0 }),
      ['/dev/sr0 is an optical drive', '/dev/sr0 is read-only', '/dev/sr0 has no medium, or a size of 0'],
    ],
  };
  for (const [title, [tree, reasons]] of Object.entries(used)) {
    it(`is refused where it ${title}, with all reasons at once`, () => {
      expect(obstacles(tree)).to.deep.equal(reasons);
    });
  }

  it('is shown by what tells it from others, and by what would be lost', () => {
    expect(describeDevice(stick)).to.equal('/dev/sdb: Ultra Fit, serial 4C530001, usb, 16 GiB');
    expect(describeDevice(device('/dev/loop0'))).to.equal('/dev/loop0: no model, no serial number, 16 GiB');
    const children = [
      part('/dev/sdb1', { fstype: 'vfat', label: 'PHOTOS', size: GiB }),
      part('/dev/sdb2', { size: GiB }),
    ];
    expect(describeContent({ ...stick, children })).to.deep.equal(["/dev/sdb1 1 GiB vfat 'PHOTOS'", '/dev/sdb2 1 GiB']);
  });
});
