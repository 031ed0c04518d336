import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { program } from '../../test/support/disk.js';
import { rootOnly } from '../../test/support/layer-store.js';
import { toldIfFull } from './full-disk.js';

describe('a directory that is full', () => {
  let directory: string;
  beforeEach(function () {
    rootOnly(this);
    directory = mkdtempSync(join(tmpdir(), 'full-disk-'));
    program('mount', ['-t', 'tmpfs', '-o', 'size=4M', 'small', directory]);
  });
  afterEach(() => {
    if (directory === undefined) return;
    program('umount', [directory]);
    rmSync(directory, { recursive: true });
  });

  it('is told as such, with what to do', async () => {
    const { bavail, bsize } = statfsSync(directory);
    writeFileSync(join(directory, 'file'), Buffer.alloc(bavail * bsize));
    expect(await toldIfFull(directory)).to.equal(
      `${directory} takes no more: no space left on device. Free some space, or choose another directory.`,
    );
    expect(readdirSync(directory)).to.deep.equal(['file']);
  });

  it('is not one that has room, or is not there', async () => {
    expect(await toldIfFull(directory)).to.equal(undefined);
    expect(readdirSync(directory)).to.deep.equal([]);
    expect(await toldIfFull(join(directory, 'none'))).to.equal(undefined);
  });
});
