import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { rejection, testHost } from '../../test/support/host.js';
import { findRootFileSystem } from './root-file-system.js';
import { makeDisk, type TestPartition } from '../../test/support/disk.js';

describe('findRootFileSystem', () => {
  let directory: string;
  let system: string;
  let disk: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'root-file-system-'));
    disk = join(directory, 'disk.raw');
    system = join(directory, 'system');
    mkdirSync(join(system, 'etc'), { recursive: true });
    writeFileSync(join(system, 'etc/fstab'), '# <file system> <mount point>\n');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const esp: TestPartition = { type: 'U', size: 8 };
  const swap: TestPartition = { type: 'S', size: 8, fileSystem: 'swap' };
  const ext4: TestPartition = { type: 'L', size: 16, fileSystem: 'ext4' };

  async function rootOf(label: 'dos' | 'gpt', ...partitions: TestPartition[]): Promise<number> {
    makeDisk(disk, label, partitions);
    return (await findRootFileSystem(testHost(), disk)).number;
  }

  it('is the only one there is', async () => {
    expect(await rootOf('dos', ext4)).to.equal(1);
    expect(await rootOf('gpt', esp, { ...ext4, fileSystem: 'ext3' }, swap)).to.equal(2);
  });

  it('is of a kind that only the kernel can read', async () => {
    makeDisk(disk, 'gpt', [esp, { type: 'L', size: 128, fileSystem: 'btrfs' }]);
    const { fileSystem, offset, size } = await findRootFileSystem(testHost(), disk);
    expect([fileSystem, offset, size]).to.deep.equal(['btrfs', 9 * 2 ** 20, 128 * 2 ** 20]);
  });

  it('is the one whose partition says so', async () => {
    const declared = { ...ext4, type: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709' };
    expect(await rootOf('gpt', { ...ext4, content: system }, declared)).to.equal(2);
  });

  it('is the one with an /etc/fstab', async () => {
    expect(await rootOf('dos', ext4, { ...ext4, content: system }, swap)).to.equal(2);
  });

  it('is not guessed', async () => {
    const two = await rejection(rootOf('dos', { ...ext4, content: system }, { ...ext4, content: system }, swap));
    expect(two)
      .to.be.instanceOf(Failure)
      .with.property(
        'message',
        `no single root file system on the disk ${disk}; its partitions: 1 (ext4, 16 MiB), 2 (ext4, 16 MiB), 3 (swap, 8 MiB)`,
      );
    expect(await rejection(rootOf('dos', ext4, ext4))).to.be.instanceOf(Failure);
  });

  it('may be missing', async () => {
    const none = await rejection(rootOf('dos', swap, { type: 'L', size: 8 }));
    expect(none)
      .to.be.instanceOf(Failure)
      .with.property(
        'message',
        `no root file system on the disk ${disk}; its partitions: 1 (swap, 8 MiB), 2 (type 83, 8 MiB)`,
      );
  });
});
