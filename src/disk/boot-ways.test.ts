import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeDisk, program } from '../../test/support/disk.js';
import { grubDisk } from '../../test/support/grub-disk.js';
import { testHost } from '../../test/support/host.js';
import { bootWays, type BootWays } from './boot-ways.js';
import { readDiskLayout } from './disk-layout.js';
import { Volumes } from './volumes.js';

describe('bootWays', () => {
  let directory: string;
  let disk: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'boot-ways-'));
    disk = join(directory, 'disk.raw');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function waysOf(loader: string | undefined = 'BOOTX64.EFI'): Promise<BootWays> {
    const host = testHost();
    return Volumes.use(host, disk, async (volumes) => bootWays(volumes, await readDiskLayout(host, disk), loader));
  }

  it('are both on a disk with GRUB in its first sector and at the removable path of its EFI system partition', async () => {
    grubDisk(disk, { bios: 'one', uefi: 'two' });
    expect(await waysOf()).to.deep.equal({ ways: ['bios', 'uefi'], withoutLoader: [] });
  });

  it('is the one for which there is a boot loader', async () => {
    grubDisk(disk, { bios: 'one' });
    expect(await waysOf()).to.deep.equal({ ways: ['bios'], withoutLoader: ['partition 2'] });
    grubDisk(disk, { uefi: 'two' });
    expect((await waysOf()).ways).to.deep.equal(['uefi']);
  });

  it('is none by the boot loader of another architecture, or by one that needs a boot entry', async () => {
    grubDisk(disk, { uefi: 'two' });
    expect(await waysOf('BOOTAA64.EFI')).to.deep.equal({ ways: [], withoutLoader: ['partition 2'] });
  });

  it('finds a loader whatever the letters of its name', async () => {
    makeDisk(disk, 'dos', [{ type: 'U', size: 8, fileSystem: 'vfat' }]);
    const tree = join(directory, 'efi');
    mkdirSync(join(tree, 'boot'), { recursive: true });
    writeFileSync(join(tree, 'boot/bootx64.efi'), 'MZ');
    program('mcopy', ['-s', '-i', `${disk}@@${2 ** 20}`, tree, '::/']);
    expect((await waysOf()).ways).to.deep.equal(['uefi']);
  });

  it('takes what libparted writes into each MBR for a boot loader only where it has a partition to start', async () => {
    makeDisk(disk, 'dos', [{ type: 'L', size: 8, fileSystem: 'ext4' }]);
    const code = Buffer.from('fab800108ed0bc00b0b800008ed88ec0fbbe007cbf0006b90002f3a4', 'hex');
    const file = openSync(disk, 'r+');
    writeSync(file, code, 0, code.length, 0);
    closeSync(file);
    expect((await waysOf()).ways).to.deep.equal([]);
    program('sfdisk', ['--quiet', '--activate', disk, '1']);
    expect((await waysOf()).ways).to.deep.equal(['bios']);
  });
});
