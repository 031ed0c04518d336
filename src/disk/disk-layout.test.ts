import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeDisk } from '../../test/support/disk.js';
import { testHost } from '../../test/support/host.js';
import { readDiskLayout } from './disk-layout.js';

describe('readDiskLayout', () => {
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
    const { volumes } = await readDiskLayout(testHost(), disk);
    expect(volumes.map(({ fileSystem }) => fileSystem)).to.deep.equal(['ext4', 'ext2', 'swap', undefined]);
  });
});
