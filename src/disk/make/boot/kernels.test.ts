import { expect } from 'chai';
import { fileEntry } from '../../../../test/support/tree-entry.js';
import { kernelsIn } from './kernels.js';

const files = (...paths: string[]) => paths.map(fileEntry);

describe('the kernels of a tree', () => {
  it('are those in /boot with their initial RAM disks, the newest first', () => {
    const names = ['6.1.0-9', '6.12.3+deb13', '6.1.0-10'];
    const tree = files(...names.flatMap((name) => [`boot/vmlinuz-${name}-amd64`, `boot/initrd.img-${name}-amd64`]));
    expect(kernelsIn(tree)).to.deep.equal(
      ['6.12.3+deb13-amd64', '6.1.0-10-amd64', '6.1.0-9-amd64'].map((version) => ({
        version,
        image: `/boot/vmlinuz-${version}`,
        initrd: `/boot/initrd.img-${version}`,
      })),
    );
  });

  it('are found by the names of Fedora and SUSE, rescue kernels last', () => {
    const tree = files(
      ...['boot/vmlinuz-0-rescue-0123', 'boot/initramfs-0-rescue-0123.img'],
      ...['boot/vmlinuz-6.9.fc40', 'boot/initramfs-6.9.fc40.img', 'boot/.vmlinuz-6.9.fc40.hmac'],
      ...['boot/vmlinuz-6.4-default', 'boot/initrd-6.4-default'],
    );
    expect(kernelsIn(tree).map(({ initrd }) => initrd)).to.deep.equal([
      '/boot/initramfs-6.9.fc40.img',
      '/boot/initrd-6.4-default',
      '/boot/initramfs-0-rescue-0123.img',
    ]);
  });

  it('are none in a tree for containers', () => {
    expect(kernelsIn(files('bin/sh', 'boot/grub/grub.cfg'))).to.deep.equal([]);
  });
});
