import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { rootOnly } from '../../test/support/layer-store.js';
import { put, systemDisk } from '../../test/support/system-disk.js';
import { copyMounted, copySystem, copyUnmounted } from './copy-system.js';

describe('copySystem', () => {
  it('copies an EFI system partition, and its directory keeps a time that was', async function () {
    rootOnly(this);
    const scratch = mkdtempSync(join(tmpdir(), 'copy-system-'));
    try {
      const disk = join(scratch, 'disk.raw');
      systemDisk(disk, 'gpt', [
        { type: 'uefi', size: 16, fileSystem: 'vfat' },
        {
          type: 'linux',
          size: 16,
          fileSystem: 'ext4',
          fill: (root) => {
            put(root, 'etc/fstab', '/dev/vda2 / ext4 defaults 0 1\n/dev/vda1 /boot/efi vfat umask=0077 0 1\n');
            mkdirSync(join(root, 'boot/efi'), { recursive: true });
          },
        },
      ]);
      for (const copy of [copyMounted, copyUnmounted]) {
        const tree = join(scratch, copy.name);
        mkdirSync(tree);
        await copySystem(testHost(), disk, tree, copy);
        expect(existsSync(join(tree, 'etc/fstab'))).to.equal(true);
        expect(statSync(join(tree, 'boot/efi')).mtimeMs).to.be.at.most(Date.now());
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
});
