import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { rejection, testHost } from '../../test/support/host.js';
import { identify, readPartitionTable } from './partition-table.js';
import { makeDisk, program } from '../../test/support/disk.js';

const MiB = 2 ** 20;

describe('readPartitionTable', () => {
  let directory: string;
  let disk: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'partition-table-'));
    disk = join(directory, 'disk 1.raw');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('reads an MBR', async () => {
    makeDisk(disk, 'dos', [
      { type: 'L', size: 16 },
      { type: 'S', size: 8 },
    ]);
    expect((await readPartitionTable(testHost(), disk)).partitions).to.deep.equal([
      { number: 1, offset: MiB, size: 16 * MiB, type: '83' },
      { number: 2, offset: 17 * MiB, size: 8 * MiB, type: '82' },
    ]);
  });

  it('reads a GPT', async () => {
    makeDisk(disk, 'gpt', [
      { type: 'U', size: 8 },
      { type: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709', size: 16 },
    ]);
    expect((await readPartitionTable(testHost(), disk)).partitions).to.deep.equal([
      { number: 1, offset: MiB, size: 8 * MiB, type: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b' },
      { number: 2, offset: 9 * MiB, size: 16 * MiB, type: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709' },
    ]);
  });

  it('reads logical partitions, whose numbers begin with 5', async () => {
    writeFileSync(disk, '');
    truncateSync(disk, 64 * MiB);
    program(
      'sfdisk',
      ['--quiet', disk],
      'label: dos\nsize=16MiB, type=L\ntype=E\nsize=8MiB, type=L\nsize=8MiB, type=S\n',
    );
    const { partitions } = await readPartitionTable(testHost(), disk);
    expect(partitions.map(({ number, type }) => [number, type])).to.deep.equal([
      [1, '83'],
      [2, '5'],
      [5, '83'],
      [6, '82'],
    ]);
    expect(partitions[2]).to.include({ offset: 18 * MiB, size: 8 * MiB });
  });

  it('says that nothing was installed where there is no partition', async () => {
    writeFileSync(disk, '');
    truncateSync(disk, 16 * MiB);
    for (const label of ['', 'label: gpt\n']) {
      if (label !== '') program('sfdisk', ['--quiet', disk], label);
      const error = await rejection(readPartitionTable(testHost(), disk));
      expect(error)
        .to.be.instanceOf(Failure)
        .with.property(
          'message',
          `there are no partitions on the disk ${disk}: the installer powered off without installing anything`,
        );
    }
  });
});

describe('identify', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'identify-'))));
  after(() => rmSync(directory, { recursive: true }));

  it('tells what is on each partition', async () => {
    const disk = join(directory, 'disk.raw');
    makeDisk(disk, 'gpt', [
      { type: 'L', size: 16, fileSystem: 'ext4' },
      { type: 'L', size: 16, fileSystem: 'ext2' },
      { type: 'S', size: 8, fileSystem: 'swap' },
      { type: 'L', size: 8 },
    ]);
    const found: (string | undefined)[] = [];
    for (const partition of (await readPartitionTable(testHost(), disk)).partitions) {
      found.push((await identify(testHost(), disk, partition)).fileSystem);
    }
    expect(found).to.deep.equal(['ext4', 'ext2', 'swap', undefined]);
  });
});
