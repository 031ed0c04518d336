import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { program } from '../../test/support/disk.js';
import { testHost } from '../../test/support/host.js';
import { FatTree } from './fat-tree.js';

const MiB = 2 ** 20;
const offset = MiB;

describe('FatTree', () => {
  let directory: string;
  let disk: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fat tree-'));
    disk = join(directory, 'disk.raw');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('finds, copies and removes files, in whatever letters they are called', async () => {
    writeFileSync(disk, '');
    truncateSync(disk, offset + 8 * MiB);
    program('mkfs.vfat', ['--offset', String(offset / 512), disk, String(8 * 1024)]);
    const place = ['-i', `${disk}@@${offset}`];
    program('mmd', [...place, '::/loader', '::/EFI', '::/EFI/debian']);
    program('mcopy', [...place, '-', '::/loader/random-seed'], 'seed'.repeat(500));
    program('mcopy', [...place, '-', '::/loader/loader.conf'], 'timeout 1\n');
    program('mcopy', [...place, '-', '::/EFI/debian/GRUB.CFG'], 'set root\n');
    const tree = new FatTree(testHost(), { file: disk, offset, size: 8 * MiB }, 'partition 1');
    const esp = { mountPoint: '/boot/efi', subvolume: '/' };
    const found = await tree.look(esp, ['/boot/efi/loader/random-seed', '/boot/efi/EFI/*/grub.cfg', '/boot/*']);
    expect(found).to.deep.equal([
      { path: '/boot/efi/loader/random-seed', kind: 'file', size: 2000, mode: 0o644 },
      { path: '/boot/efi/EFI/debian/GRUB.CFG', kind: 'file', size: 9, mode: 0o644 },
    ]);
    const copy = join(directory, 'copy');
    await tree.copy(esp, [{ path: '/boot/efi/EFI/debian/GRUB.CFG', to: copy }]);
    expect(readFileSync(copy, 'utf8')).to.equal('set root\n');
    const removal = [{ kind: 'remove', path: '/boot/efi/loader/random-seed' }] as const;
    expect(tree.canChange(esp, removal)).to.be.true;
    expect(tree.canChange(esp, [{ kind: 'empty', path: '/boot/efi/loader/random-seed' }])).to.be.false;
    await tree.change(esp, removal);
    expect((await tree.look(esp, ['/boot/efi/loader/*'])).map(({ path }) => path)).to.deep.equal([
      '/boot/efi/loader/loader.conf',
    ]);
    program('fsck.vfat', ['-n', copyOfVolume()]);
  });

  /** fsck.vfat takes no offset. */
  function copyOfVolume(): string {
    const alone = join(directory, 'alone');
    writeFileSync(alone, readFileSync(disk).subarray(offset));
    return alone;
  }
});
