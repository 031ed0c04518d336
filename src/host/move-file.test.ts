import {
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure, Interrupted } from '../host/failure.js';
import { rejection, testHost } from '../../test/support/host.js';
import { moveFile } from './move-file.js';

const MiB = 2 ** 20;

describe('moveFile', () => {
  let here: string;
  let there: string;
  beforeEach(() => {
    here = mkdtempSync(join(tmpdir(), 'move-file-'));
    there = mkdtempSync('/dev/shm/move-file-');
  });
  afterEach(() => {
    for (const directory of [here, there]) rmSync(directory, { recursive: true });
  });

  /** A disk of 64 MiB that holds two words, and holes. */
  function sparseDisk(directory: string): string {
    const disk = join(directory, '-disk one.raw');
    const handle = openSync(disk, 'w');
    writeSync(handle, 'begin');
    writeSync(handle, 'middle', 32 * MiB);
    closeSync(handle);
    truncateSync(disk, 64 * MiB);
    return disk;
  }

  it('renames within a file system', async () => {
    const disk = sparseDisk(here);
    const { ino } = statSync(disk);
    await moveFile(testHost(), disk, join(here, 'image.raw'));
    expect(readdirSync(here)).to.deep.equal(['image.raw']);
    expect(statSync(join(here, 'image.raw')).ino).to.equal(ino);
  });

  it('copies between file systems, and holes stay holes', async function () {
    if (statSync(here).dev === statSync(there).dev) {
      console.log(
        `      skipped: ${tmpdir()} and /dev/shm are one file system; run it with: TMPDIR=/var/tmp npx mocha`,
      );
      this.skip();
    }
    const disk = sparseDisk(here);
    const before = readFileSync(disk);
    const moved = join(there, '-image.raw');
    await moveFile(testHost(), disk, moved);
    expect(readdirSync(there)).to.deep.equal(['-image.raw']);
    expect(readFileSync(moved).equals(before)).to.be.true;
    expect(statSync(moved).size).to.equal(64 * MiB);
    expect(statSync(moved).blocks * 512).to.be.below(MiB);
    expect(readdirSync(here)).to.deep.equal([]);
  });

  it('leaves no half file under the new name when the build is told to stop', async () => {
    const disk = sparseDisk(here);
    const stopped = testHost(AbortSignal.abort(new Interrupted('SIGINT')));
    expect(await rejection(moveFile(stopped, disk, join(there, 'image.raw')))).to.be.instanceOf(Interrupted);
    expect(readdirSync(there)).not.to.include('image.raw');
    expect(readdirSync(here)).to.have.length(1);
  });

  it('leaves nothing behind where the new name can not be had', async () => {
    const disk = sparseDisk(here);
    const taken = join(there, 'image.raw');
    mkdirSync(join(taken, 'x'), { recursive: true });
    const error = await rejection(moveFile(testHost(), disk, taken));
    expect(error).to.be.instanceOf(Failure);
    expect((error as Failure).message).to.match(new RegExp(`^can't move ${disk} to ${taken}: E`));
    expect(readdirSync(there)).to.deep.equal(['image.raw']);
    expect(readdirSync(here)).to.have.length(1);
  });

  it('fails where there is nothing to move to', async () => {
    const disk = sparseDisk(here);
    const error = await rejection(moveFile(testHost(), disk, join(there, 'missing/image.raw')));
    expect(error).to.be.instanceOf(Failure);
    expect(readdirSync(here)).to.have.length(1);
  });
});
