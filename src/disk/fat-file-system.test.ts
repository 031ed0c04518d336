import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { findExecutable } from '../host/programs.js';
import { rejection, testHost } from '../../test/support/host.js';
import { program } from '../../test/support/disk.js';
import { FatFileSystem } from './fat-file-system.js';

const MiB = 2 ** 20;
const offset = MiB;

describe('FatFileSystem', () => {
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
    it(`zeroes what no file uses, with entries of ${bits} bits, and nothing else`, async () => {
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
      // Behind the end of a file in its last cluster, and in a directory behind its entries.
      program('mmd', [...place, '::/EFI', '::/EFI/A directory with a long name']);
      program('mcopy', [...place, '-', '::/EFI/A directory with a long name/removed by name.txt'], 'x');
      program('mdel', [...place, '::/EFI/A directory with a long name/removed by name.txt']);
      const beforehand = readFileSync(disk, 'latin1');
      const at = beforehand.lastIndexOf('KEPT-0;') + 'KEPT-0;'.length;
      const handle = openSync(disk, 'r+');
      writeSync(handle, 'SLACK', at);
      closeSync(handle);
      expect(beforehand).to.contain('REMOVED').and.contain('e\0m\0o\0v\0');
      await fatOf(size).zeroFreeBlocks();
      const afterwards = readFileSync(disk, 'latin1');
      for (const gone of ['REMOVED', 'SLACK', 'e\0m\0o\0v\0', '\xe51 ']) {
        expect(afterwards).not.to.contain(gone);
      }
      expect(program('mdir', [...place, '-b', '-/', '::/'])).to.contain('::/EFI/A directory with a long name/');
      expect(program('fsck.vfat', ['-n', alone(size)])).not.to.match(/lost|orphan|free cluster/i);
      for (let index = 0; index < 9; index += 2) {
        expect(program('mtype', [...place, `::/F${index}`])).to.equal(contents[`F${index}`]);
      }
    });
  }

  it('reads what is there, in whatever letters it is called', async () => {
    truncateSync(disk, offset + 40 * MiB);
    program('mkfs.vfat', ['-F', '32', '-s', '1', '--offset', String(offset / 512), disk, String(40 * 1024)]);
    const place = ['-i', `${disk}@@${offset}`];
    program('mmd', [...place, '::/loader', '::/EFI', '::/EFI/BOOT']);
    program('mcopy', [...place, '-', '::/loader/random-seed'], 'seed'.repeat(5000));
    program('mcopy', [...place, '-', '::/loader/entries.srel'], '');
    program('mcopy', [...place, '-', '::/EFI/BOOT/BOOTX64.EFI'], 'MZ');
    const fat = fatOf(40);
    const esp = { mountPoint: '/boot/efi', subvolume: '/' };
    expect(await fat.names('/boot/efi', esp)).to.have.members(['loader', 'EFI']);
    expect(await fat.names('/boot/efi/efi/boot', esp)).to.deep.equal(['BOOTX64.EFI']);
    expect(await fat.names('/boot/efi/nothing', esp)).to.deep.equal([]);
    const patterns = ['/boot/efi/loader/*', '/boot/efi/efi/boot/bootx64.efi', '/boot/x'];
    expect(await fat.present(esp, patterns)).to.have.members([
      '/boot/efi/loader/random-seed',
      '/boot/efi/loader/entries.srel',
      '/boot/efi/efi/boot/BOOTX64.EFI',
    ]);
    const copy = join(directory, 'copy');
    expect(await fat.copyOut('/boot/efi/loader/random-seed', copy, esp)).to.be.true;
    expect(readFileSync(copy, 'utf8')).to.equal('seed'.repeat(5000));
    expect(await fat.copyOut('/boot/efi/loader', copy, esp)).to.be.false;
  });

  it('guesses nothing where the first sector makes no sense', async () => {
    truncateSync(disk, offset + MiB);
    expect(await rejection(fatOf(1).zeroFreeBlocks())).to.have.property(
      'message',
      `the FAT file system on partition 1 of the disk ${disk} is damaged`,
    );
  });

  const fatOf = (size: number) =>
    new FatFileSystem(testHost(), { file: disk, offset, size: size * MiB }, `partition 1 of the disk ${disk}`);

  /** The file system in a file of its own. */
  function alone(size: number): string {
    const file = join(directory, 'alone');
    program('dd', [`if=${disk}`, `of=${file}`, 'bs=1M', 'skip=1', `count=${size}`, 'status=none']);
    return file;
  }
});
