import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { rejection, testHost } from '../../test/support/host.js';
import { readSystem, rootVolume, type System } from './system.js';
import { Volumes } from './volumes.js';
import { zeroUnused } from './zero-unused.js';
import { makeDisk, type TestPartition } from '../../test/support/disk.js';

describe('the root file system', () => {
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

  /** The volume that holds the root of what is installed on a disk. */
  async function rootOfDisk(file: string, rootPartition?: string) {
    return rootVolume(await Volumes.use(testHost(), file, (volumes) => readSystem(volumes, rootPartition)));
  }

  async function rootOf(label: 'dos' | 'gpt', ...partitions: TestPartition[]): Promise<string> {
    makeDisk(disk, label, partitions);
    return (await rootOfDisk(disk)).id;
  }

  it('is the only one there is', async () => {
    expect(await rootOf('dos', ext4)).to.equal('1');
    expect(await rootOf('gpt', esp, { ...ext4, fileSystem: 'ext3' }, swap)).to.equal('2');
  });

  it('is found once: who comes later has the partition table, also out of a state file', async () => {
    makeDisk(disk, 'gpt', [esp, { ...ext4, content: system }]);
    const read = await Volumes.use(testHost(), disk, (volumes) => readSystem(volumes));
    expect(read.table.label).to.equal('gpt');
    expect(read.partitions.map(({ id }) => id)).to.deep.equal(['1', '2']);
    const host = testHost();
    await zeroUnused(host, disk, JSON.parse(JSON.stringify(read)) as System);
    expect(host.log.lines.filter((line) => /Calling (sfdisk|blkid)/.test(line))).to.deep.equal([]);
  });

  it('is of a kind that only the kernel can read', async () => {
    makeDisk(disk, 'gpt', [esp, { type: 'L', size: 128, fileSystem: 'btrfs' }]);
    const { fileSystem, extents } = await rootOfDisk(disk);
    expect([fileSystem, ...extents]).to.deep.equal(['btrfs', { start: 9 * 2 ** 20, end: 137 * 2 ** 20 }]);
  });

  it('is the one that looks like a root directory, whatever its partition says', async () => {
    expect(await rootOf('dos', ext4, { ...ext4, content: system }, swap)).to.equal('2');
    const declared = { ...ext4, type: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709' };
    expect(await rootOf('gpt', { ...ext4, content: system }, declared)).to.equal('1');
    rmSync(join(system, 'etc/fstab'));
    symlinkSync('../usr/lib/os-release', join(system, 'etc/os-release'));
    expect(await rootOf('dos', ext4, { ...ext4, content: system }, swap)).to.equal('2');
  });

  it('is the one whose partition says so, where what is in them does not tell', async () => {
    const declared = { ...ext4, type: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709' };
    expect(await rootOf('gpt', ext4, declared)).to.equal('2');
    expect(await rootOf('gpt', { ...ext4, content: system }, { ...declared, content: system })).to.equal('2');
  });

  it('is the one that is named, if it holds a system of Linux', async () => {
    makeDisk(disk, 'dos', [{ ...ext4, content: system }, { ...ext4, content: system }, swap]);
    expect((await rootOfDisk(disk, '2')).id).to.equal('2');
    expect(await rejection(rootOfDisk(disk, '3'))).to.have.property(
      'message',
      `root-partition = 3: no Linux file system is there on the disk ${disk}; its volumes: 1 (ext4, 16 MiB), 2 (ext4, 16 MiB), 3 (swap, 8 MiB)`,
    );
  });

  it('is not guessed', async () => {
    const two = await rejection(rootOf('dos', { ...ext4, content: system }, { ...ext4, content: system }, swap));
    expect(two)
      .to.be.instanceOf(Failure)
      .with.property(
        'message',
        `no single root file system on the disk ${disk}; its volumes: 1 (ext4, 16 MiB), 2 (ext4, 16 MiB), 3 (swap, 8 MiB)`,
      );
    expect(await rejection(rootOf('dos', ext4, ext4))).to.be.instanceOf(Failure);
  });

  it('may be missing', async () => {
    const none = await rejection(rootOf('dos', swap, { type: 'L', size: 8 }));
    expect(none)
      .to.be.instanceOf(Failure)
      .with.property(
        'message',
        `no root file system on the disk ${disk}; its volumes: 1 (swap, 8 MiB), 2 (type 83, 8 MiB)`,
      );
  });
});
