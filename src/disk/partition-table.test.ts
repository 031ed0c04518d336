import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { rejection, testHost } from '../../test/support/host.js';
import { readPartitionTable } from './partition-table.js';
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
    program('sfdisk', ['--quiet', '--no-tell-kernel', '--disk-id', disk, '0x1234abcd']);
    const { label, usable, partitions } = await readPartitionTable(testHost(), disk);
    const partLabel = undefined;
    expect(partitions).to.deep.equal([
      { number: 1, offset: MiB, size: 16 * MiB, type: '83', partUuid: '1234abcd-01', partLabel },
      { number: 2, offset: 17 * MiB, size: 8 * MiB, type: '82', partUuid: '1234abcd-02', partLabel },
    ]);
    expect([label, usable]).to.deep.equal(['dos', { start: 512, end: 30 * MiB }]);
  });

  it('reads a GPT', async () => {
    makeDisk(disk, 'gpt', [
      { type: 'U', size: 8 },
      { type: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709', size: 16 },
    ]);
    const uuid = 'b3b2a31c-5b17-4a5e-9e0a-5a6f1f1cbd01';
    program('sfdisk', ['--quiet', '--no-tell-kernel', '--part-uuid', disk, '2', uuid.toUpperCase()]);
    program('sfdisk', ['--quiet', '--no-tell-kernel', '--part-label', disk, '2', 'the root']);
    const { label, usable, partitions } = await readPartitionTable(testHost(), disk);
    expect(partitions.map(({ offset, size }) => [offset / MiB, size / MiB])).to.deep.equal([
      [1, 8],
      [9, 16],
    ]);
    expect(partitions[0]).to.include({ number: 1, type: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b', partLabel: undefined });
    const type = '4f68bce3-e8cd-4db1-96e7-fbcaf984b709';
    expect(partitions[1]).to.include({ number: 2, type, partUuid: uuid, partLabel: 'the root' });
    // 34 sectors at the beginning and 33 at the end are those of the table.
    expect([label, usable]).to.deep.equal(['gpt', { start: 2048 * 512, end: 30 * MiB - 33 * 512 }]);
  });

  it('reads logical partitions, whose numbers begin with 5', async () => {
    writeFileSync(disk, '');
    truncateSync(disk, 64 * MiB);
    program(
      'sfdisk',
      ['--quiet', '--no-tell-kernel', disk],
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
      if (label !== '') program('sfdisk', ['--quiet', '--no-tell-kernel', disk], label);
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
