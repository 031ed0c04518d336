import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ExtFileSystem } from '../../src/disk/ext-file-system.js';
import { readSystem } from '../../src/disk/system.js';
import { Volumes } from '../../src/disk/volumes.js';
import { SystemFiles } from '../../src/disk/system-files.js';
import { onePartition } from '../support/system-disk.js';
import { readPartitionTable } from '../../src/disk/partition-table.js';
import { makeDisk, program } from '../support/disk.js';
import { testHost } from '../support/host.js';
import { readInventory, type Inventory } from '../../src/contents/inventory.js';
import { obstacle, offset, rawDisk, size } from '../support/sudo-helper.js';
import { makeRpmDatabase } from '../support/documents.js';

const debian = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n';

/** A dpkg database with packages in every state that dpkg knows. */
const status = `Package: apt
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: amd64
Version: 3.0.3
Description: commandline package manager
 This package provides commandline tools.
 .
 Version: of a description is none

Package: vim-common
Status: hold ok installed
Architecture: all
Source: vim (2:9.1.1230-2)
Version: 2:9.1.1230-2+b1

Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 2.41-12

Package: libc6
Status: install ok installed
Architecture: i386
Multi-Arch: same
Version: 2.41-12

Package: waiting
Status: install ok triggers-pending
Architecture: amd64
Version: 1
Triggers-Pending: ldconfig

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Config-Version: 1
Version: 1

Package: half
Status: install reinstreq half-installed
Architecture: amd64
Version: 1
`;

describe('readInventory', () => {
  let scratch: string;
  let system: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'inventory-'));
    system = join(scratch, 'system');
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  /** Adds a file to the system. */
  const put = (path: string, content = ''): void => {
    mkdirSync(dirname(join(system, path)), { recursive: true });
    writeFileSync(join(system, path), content);
  };

  /** Reads the system out of an ext4 partition of a real disk. */
  const inventory = async (): Promise<Inventory> => {
    const disk = join(scratch, 'disk.raw');
    makeDisk(disk, 'gpt', [{ type: 'L', size: 32, fileSystem: 'ext4', content: system }]);
    const [partition] = (await readPartitionTable(testHost(), disk)).partitions;
    const fileSystem = new ExtFileSystem(testHost(), disk, { offset: partition?.offset ?? 0 });
    return readInventory(testHost(), fileSystem, join(scratch, 'copies'));
  };

  it('lists the packages of a Debian system that are there, as dpkg-query does, its kernels, and its name', async () => {
    put('usr/lib/os-release', debian);
    put('boot/vmlinuz-6.12.1-amd64');
    put('boot/initrd.img-6.12.1-amd64');
    put('var/lib/dpkg/status', status);
    const { distribution, kernels, installed } = await inventory();
    expect(distribution).to.deep.equal({ id: 'debian', version: '13', name: 'Debian GNU/Linux 13 (trixie)' });
    expect(kernels).to.deep.equal(['6.12.1-amd64']);
    expect(installed).to.deep.equal({
      format: 'deb',
      packages: [
        { name: 'apt', version: '3.0.3', architecture: 'amd64' },
        { name: 'libc6', version: '2.41-12', architecture: 'amd64' },
        { name: 'libc6', version: '2.41-12', architecture: 'i386' },
        { name: 'vim-common', version: '2:9.1.1230-2+b1', architecture: 'all', source: 'vim (2:9.1.1230-2)' },
        { name: 'waiting', version: '1', architecture: 'amd64' },
      ],
    });
    const asked = program('dpkg-query', [
      `--admindir=${join(system, 'var/lib/dpkg')}`,
      ...['--show', '--showformat', '${db:Status-Status} ${Package} ${Version} ${Architecture}\n'],
    ]);
    const there = asked.split('\n').filter((line) => /^(installed|trigger)/.test(line));
    expect(installed.format === 'deb' && installed.packages.map(words)).to.have.members(
      there.map((line) => line.replace(/^\S+ /, '')),
    );
  });

  for (const [place, backend] of [
    ['usr/lib/sysimage/rpm', 'sqlite'],
    ['var/lib/rpm', 'sqlite'],
  ] as const) {
    it(`lists the packages of an rpm database (${backend}) in ${place}, with epoch and release`, async () => {
      put('etc/os-release', 'ID=fedora\nVERSION_ID=40\nNAME="Fedora Linux"\n');
      mkdirSync(join(system, 'usr/lib/modules/6.8.5-301.fc40.x86_64'), { recursive: true });
      const database = join(scratch, 'rpm');
      makeRpmDatabase(database, [
        { name: 'zlib', version: '1.3' },
        { name: 'bind', version: '9.18', epoch: 32 },
      ]);
      mkdirSync(join(system, place), { recursive: true });
      for (const file of readdirSync(database)) copyFileSync(join(database, file), join(system, place, file));
      const { kernels, installed } = await inventory();
      expect(kernels).to.deep.equal(['6.8.5-301.fc40.x86_64']);
      expect(installed).to.deep.equal({
        format: 'rpm',
        packages: [
          { name: 'bind', version: '32:9.18-1.demo', architecture: 'noarch', source: 'bind-9.18-1.demo.src.rpm' },
          { name: 'zlib', version: '1.3-1.demo', architecture: 'noarch', source: 'zlib-1.3-1.demo.src.rpm' },
        ],
      });
    });
  }

  it('reads xfs and subvolumes of btrfs through the helper, databases byte for byte', async function () {
    const reason = obstacle('mkfs.xfs', 'mkfs.btrfs', 'btrfs');
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}; run: sudo make check`);
      this.skip();
    }
    const database = join(scratch, 'rpm');
    makeRpmDatabase(database, [{ name: 'zlib', version: '1.3' }]);
    for (const type of ['xfs', 'btrfs'] as const) {
      const disk = join(scratch, `${type}.raw`);
      rawDisk(disk, type, (top) => {
        system = type === 'btrfs' ? join(top, '@rootfs') : top;
        if (type === 'btrfs') program('btrfs', ['subvolume', 'create', system]);
        put('usr/lib/os-release', 'ID=opensuse-leap\nVERSION_ID=15.6\n');
        put('boot/vmlinuz-6.4.0-default');
        mkdirSync(join(system, 'usr/lib/sysimage/rpm'), { recursive: true });
        copyFileSync(join(database, 'rpmdb.sqlite'), join(system, 'usr/lib/sysimage/rpm/rpmdb.sqlite'));
      });
      onePartition(disk, offset, size);
      const { distribution, kernels, installed } = await Volumes.use(testHost(), disk, async (volumes) =>
        readInventory(testHost(), new SystemFiles(await readSystem(volumes), volumes), join(scratch, type)),
      );
      expect(distribution).to.include({ id: 'opensuse-leap', version: '15.6' });
      expect(kernels).to.deep.equal(['6.4.0-default']);
      expect(installed).to.have.property('packages').with.length(1);
    }
  });

  it('says why it can name no packages, and still tells the rest', async () => {
    put('etc/os-release', 'ID=arch\n');
    const { distribution, kernels, installed } = await inventory();
    expect(distribution).to.deep.equal({ id: 'arch', name: 'arch' });
    expect(kernels).to.deep.equal([]);
    expect(installed).to.deep.equal({
      format: 'unknown',
      reason: 'the system has neither a dpkg nor an rpm database',
    });
  });

  it('says what rpm says of a database that it does not understand', async () => {
    put('usr/lib/sysimage/rpm/Packages.db', 'RpmP, but no database');
    const { installed } = await inventory();
    expect(installed)
      .to.have.property('reason')
      .that.matches(
        /^the rpm of this machine (can't read|finds no packages in) \/usr\/lib\/sysimage\/rpm\/Packages\.db/,
      );
  });

  it('follows links inside the image, and never to files of this machine', async () => {
    put('usr/lib/os-release', debian);
    mkdirSync(join(system, 'etc'));
    mkdirSync(join(system, 'var/lib/dpkg'), { recursive: true });
    symlinkSync('/real-status', join(system, 'var/lib/dpkg/status'));
    put('real-status', status);
    expect((await inventory()).installed)
      .to.have.property('packages')
      .with.length(5);
    rmSync(join(system, 'real-status'));
    rmSync(join(system, 'var/lib/dpkg/status'));
    // Of this machine's own, which there certainly is.
    symlinkSync('../../../../../../../../var/lib/dpkg/available', join(system, 'var/lib/dpkg/status'));
    symlinkSync('a', join(system, 'var/lib/dpkg/b'));
    symlinkSync('/etc/hostname', join(system, 'etc/os-release'));
    rmSync(join(system, 'usr/lib/os-release'));
    symlinkSync('os-release', join(system, 'usr/lib/os-release'));
    const { distribution, installed } = await inventory();
    expect(distribution).to.deep.equal({ id: 'linux', name: 'linux' });
    expect(installed.format).to.equal('unknown');
  });
});

function words({ name, version, architecture }: { name: string; version: string; architecture: string }): string {
  return `${name} ${version} ${architecture}`;
}
