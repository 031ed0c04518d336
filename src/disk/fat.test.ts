import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../host/host.js';
import { findExecutable } from '../host/programs.js';
import { rejection, testHost } from '../../test/support/host.js';
import { program } from '../../test/support/disk.js';
import { freeClusters } from './fat.js';
import { zeroCommand } from './raw-disk.js';

const MiB = 2 ** 20;
const offset = MiB;

describe('free clusters of FAT', () => {
  let directory: string;
  let disk: string;
  before(function () {
    if (findExecutable('mkfs.vfat') !== undefined && findExecutable('mcopy') !== undefined) return;
    console.log('      skipped: dosfstools and mtools are not installed');
    this.skip();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fat-'));
    disk = join(directory, 'disk.raw');
    writeFileSync(disk, '');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  for (const [bits, size] of [
    [12, 2],
    [16, 16],
    [32, 40],
  ] as const) {
    it(`are found with entries of ${bits} bits, and no others`, async () => {
      truncateSync(disk, offset + size * MiB);
      const options = ['-F', String(bits), '-s', '1', '--offset', String(offset / 512)];
      program('mkfs.vfat', [...options, disk, String(size * 1024)]);
      const place = ['-i', `${disk}@@${offset}`];
      const contents: Record<string, string> = {};
      for (let index = 0; index < 9; index++) {
        contents[`F${index}`] = (index % 2 ? `REMOVED-${index};` : `KEPT-${index};`).repeat(1000 + index * 37);
        program('mcopy', [...place, '-', `::/F${index}`], contents[`F${index}`]);
      }
      for (let index = 1; index < 9; index += 2) program('mdel', [...place, `::/F${index}`]);
      const free = await freeClusters(disk, volume(size));
      await run(testHost(), zeroCommand(disk, free));
      expect(readFileSync(disk, 'latin1')).not.to.contain('REMOVED');
      for (let index = 0; index < 9; index += 2) {
        expect(program('mtype', [...place, `::/F${index}`])).to.equal(contents[`F${index}`]);
      }
    });
  }

  it('are not guessed where the first sector makes no sense', async () => {
    truncateSync(disk, offset + MiB);
    expect(await rejection(freeClusters(disk, volume(1)))).to.have.property(
      'message',
      `the FAT file system on partition 1 of the disk ${disk} is damaged`,
    );
  });

  const volume = (size: number) => ({
    number: 1,
    offset,
    size: size * MiB,
    type: 'ef',
    fileSystem: 'vfat',
    uuid: undefined,
    label: undefined,
    partUuid: undefined,
    partLabel: undefined,
  });
});
