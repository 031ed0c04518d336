import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readSystem } from '../../src/disk/system.js';
import { Volumes } from '../../src/disk/volumes.js';
import { Failure } from '../../src/host/failure.js';
import { program } from '../support/disk.js';
import { rejection, testHost } from '../support/host.js';
import { fillVolume, gathered, inactive, volumesByLvm, withLvm, type Lvm } from '../support/logical-volumes.js';
import { cleaned, deletedFrom, leftovers, plant, readable, secretOf, staysOn } from '../support/planted.js';
import { obstacle } from '../support/sudo-helper.js';
import { checkVolume, found, put, systemDisk, type Extent } from '../support/system-disk.js';

const esp = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const lvmType = 'e6d6d379-f507-44c2-a23c-238f2a3df928';
const MiB = 2 ** 20;

describe('an image on logical volumes', function () {
  // A machine that runs tests may be busy.
  this.timeout(30 * 60_000);

  let directory: string;
  let disk: string;

  before(function () {
    const reason = obstacle('lvm', 'mkfs.xfs', 'mkfs.btrfs', 'mkfs.vfat', 'losetup', 'xfs_repair');
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}; run: sudo make check`);
      this.skip();
    }
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'logical volumes-'));
    disk = join(directory, 'disk.raw');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function write(at: number, text: string): void {
    const handle = openSync(disk, 'r+');
    writeSync(handle, text, at);
    closeSync(handle);
  }

  /** Makes a volume group of partitions, and volumes in it. */
  function group(
    name: string,
    partitions: readonly Extent[],
    make: (lvm: Lvm, devices: readonly string[]) => void,
  ): void {
    withLvm(disk, partitions, (lvm, devices) => {
      for (const device of devices) lvm('pvcreate', device);
      lvm('vgcreate', name, ...devices);
      make(lvm, devices);
    });
  }

  it('has nothing of the installer and nothing deleted on any of them, and LVM reads them as before', async () => {
    const extents = systemDisk(disk, 'gpt', [
      { type: esp, size: 8, fileSystem: 'vfat' },
      { type: 'L', size: 32, fileSystem: 'ext4', fill: plant('/boot') },
      { type: lvmType, size: 420, gap: 1 },
      { type: lvmType, size: 260, gap: 2 },
    ]);
    const physical = extents.slice(2);
    group('my-host', physical, (lvm, [one = '', two = '']) => {
      const create = (volume: string, size: number, ...on: string[]) =>
        lvm('lvcreate', ...inactive, '--size', `${size}m`, '--name', volume, 'my-host', ...on);
      create('root', 48, one);
      create('var', 200, two);
      create('OLD-VOLUME-NAME', 40, one);
      create('var-log', 32, one);
      create('home', 128, one);
      create('swap_1', 16, two);
      lvm('lvremove', '--yes', 'my-host/OLD-VOLUME-NAME');
      // Of two and three parts, one on another physical volume.
      lvm('lvextend', '--size', '320m', 'my-host/var', one);
      lvm('lvextend', '--size', '60m', 'my-host/var-log', one, two);
      lvm('lvextend', '--size', '24m', 'my-host/swap_1', two);
    });
    const volumes = volumesByLvm(disk, physical, 'my-host');
    expect(volumes['root']).to.have.length(1);
    expect(volumes['var']!.length).to.be.greaterThan(1);
    expect(volumes['var-log']!.length).to.be.greaterThan(1);
    const kinds = { root: 'ext4', var: 'xfs', 'var-log': 'ext4', home: 'btrfs', swap_1: 'swap' };
    const places = { root: '/', var: '/var', 'var-log': '/var/log', home: '/home' } as const;
    const uuid = (volume: string) =>
      gathered(disk, volumes[volume]!, (file) => program('blkid', ['-p', '-s', 'UUID', '-o', 'value', file]).trim());
    // Before the file systems are made: what nothing will write over stands in the free extents, too.
    for (const { start, end } of physical)
      for (let at = start + 2 * MiB; at < end; at += MiB) write(at + 999, 'FREE-EXTENT;');
    fillVolume(disk, volumes['swap_1']!, 'swap');
    fillVolume(disk, volumes['home']!, 'btrfs', plant('/home'));
    fillVolume(disk, volumes['var-log']!, 'ext4', plant('/var/log'));
    fillVolume(disk, volumes['var']!, 'xfs', plant('/var', ['/var/log']));
    const homeUuid = uuid('home');
    fillVolume(disk, volumes['root']!, 'ext4', (root) => {
      plant('/', ['/boot', '/home', '/var', '/var/log'])(root);
      put(root, 'etc/os-release', 'ID=test\n');
      put(root, 'usr/bin/true');
      const fstab = [
        '/dev/mapper/my--host-root / ext4 errors=remount-ro 0 1',
        '/dev/vda2 /boot ext4 defaults 0 2',
        '/dev/vda1 /boot/efi vfat umask=0077 0 1',
        '/dev/my-host/var /var xfs defaults 0 0',
        '/dev/mapper/my--host-var--log /var/log ext4 defaults 0 2',
        `UUID=${homeUuid} /home btrfs defaults 0 0`,
        '/dev/mapper/my--host-swap_1 none swap sw 0 0',
      ];
      put(root, 'etc/fstab', fstab.join('\n'));
    });
    const swap = volumes['swap_1']!;
    write(swap[0]!.start + 5000, 'SWAPPED-OUT;');
    write(swap.at(-1)!.end - 100, 'SWAPPED-OUT;');
    write(physical[0]!.start + 1500, 'BEHIND-THE-LABEL;');
    write(physical[1]!.start + MiB - 600, 'OLD-METADATA;');
    write(physical[1]!.end - 600, 'BEHIND-THE-EXTENTS;');
    program('mcopy', ['-i', `${disk}@@${extents[0]!.start}`, '-', '::/gone.txt'], 'DELETED-FROM-ESP;'.repeat(1000));
    program('mdel', ['-i', `${disk}@@${extents[0]!.start}`, '::/gone.txt']);

    const mountPoints = ['/boot', ...Object.values(places)];
    const secrets = [
      ...leftovers.map(secretOf),
      ...[...mountPoints, 'ESP'].map(deletedFrom),
      ...[
        'SWAPPED-OUT;',
        'FREE-EXTENT;',
        'BEHIND-THE-LABEL;',
        'OLD-METADATA;',
        'BEHIND-THE-EXTENTS;',
        'OLD-VOLUME-NAME',
      ],
    ];
    expect(found(disk, secrets)).to.have.members(secrets);
    const uuids = Object.keys(kinds).map(uuid);

    const log = await cleaned(disk);
    expect(readable(disk, secrets)).to.deep.equal([]);
    const kept = mountPoints.map(staysOn);
    expect(readable(disk, kept)).to.have.members(kept);
    expect(log).not.to.contain('not mounted').and.not.to.contain('not on its disk');
    expect(readdirSync(directory).sort()).to.deep.equal(['disk.raw', 'disk.raw.again', 'disk.raw.qcow2']);

    expect(volumesByLvm(disk, physical, 'my-host')).to.deep.equal(volumes);
    withLvm(disk, physical, (lvm, devices) => {
      lvm('vgck', 'my-host');
      for (const device of devices) {
        lvm('pvck', device);
        expect(lvm('pvck', '--dump', 'metadata', device))
          .to.contain('metadata text at')
          .and.contain('my-host');
      }
      // A change writes the next copy of the metadata behind the one that stayed.
      lvm('lvcreate', ...inactive, '--size', '4m', '--name', 'later', 'my-host');
      expect(lvm('lvs', '--noheadings', '-o', 'lv_name', 'my-host'))
        .to.contain('later')
        .and.contain('var-log');
    });
    expect(Object.keys(kinds).map(uuid)).to.deep.equal(uuids);
    for (const [volume, type] of Object.entries(kinds)) {
      gathered(disk, volumes[volume]!, (file) => checkVolume(file, { start: 0, end: 0 }, type));
    }
  });

  it('is told what it is made of, where that is more than runs of extents, before anything is changed', async () => {
    const physical = systemDisk(disk, 'gpt', [
      { type: 'L', size: 32, fileSystem: 'ext4', fill: plant('/') },
      { type: lvmType, size: 64 },
      { type: lvmType, size: 64 },
    ]).slice(1);
    group('vg', physical, (lvm) => {
      lvm('lvcreate', ...inactive, '--stripes', '2', '--size', '16m', '--name', 'fast', 'vg');
      for (const name of ['plain', 'data', 'meta', 'origin', 'changes']) {
        lvm('lvcreate', ...inactive, '--size', '8m', '--name', name, 'vg');
      }
      // What the device mapper would be needed for, LVM takes as a description.
      const backup = join(directory, 'vg.conf');
      lvm('vgcfgbackup', '--file', backup, 'vg');
      writeFileSync(backup, withOddVolumes(readFileSync(backup, 'utf8')));
      lvm('vgcfgrestore', '--yes', '--force', '--file', backup, 'vg');
      expect(lvm('lvs', '--noheadings', '-o', 'lv_name,segtype', 'vg')).to.match(/thin1 +thin\b/);
    });
    const before = program('sha256sum', [disk]);
    const failure = (await rejection(cleaned(disk))) as Failure;
    expect(failure).to.be.instanceOf(Failure);
    expect(failure.message).to.equal(
      `can't read logical volume vg/pool (a pool of thin volumes), logical volume vg/thin1 (a thin volume), logical volume vg/fast (striped over 2 physical volumes), logical volume vg/changes (a snapshot of origin) of the disk ${disk}, so the installed system can't be cleaned`,
    );
    expect(failure.hint).to.contain('linear logical volumes');
    expect(program('sha256sum', [disk])).to.equal(before);
  });

  it('may have its root on a logical volume that the section names', async () => {
    const physical = systemDisk(disk, 'gpt', [{ type: lvmType, size: 100 }]);
    group('vg', physical, (lvm) => {
      for (const name of ['a', 'b']) lvm('lvcreate', ...inactive, '--size', '40m', '--name', name, 'vg');
    });
    const volumes = volumesByLvm(disk, physical, 'vg');
    for (const extents of Object.values(volumes))
      fillVolume(disk, extents, 'ext4', (root) => put(root, 'etc/fstab', '#'));
    const read = (root?: string) => Volumes.use(testHost(), disk, (all) => readSystem(all, root));
    expect(await rejection(read())).to.have.property(
      'message',
      `no single root file system on the disk ${disk}; its volumes: vg/a (ext4, 40 MiB), vg/b (ext4, 40 MiB)`,
    );
    expect((await read('vg/b')).mounts[0]).to.include({ volume: 'vg/b', mountPoint: '/' });
  });

  it('is not made of physical volumes that are not there, or damaged', async () => {
    const physical = systemDisk(disk, 'gpt', [
      { type: lvmType, size: 32 },
      { type: lvmType, size: 32 },
    ]);
    group('vg', physical, (lvm) => lvm('lvcreate', ...inactive, '--size', '40m', '--name', 'root', 'vg'));
    const read = () => Volumes.use(testHost(), disk, (all) => readSystem(all));
    write(physical[1]!.start + 4096 + 100, 'x');
    expect(await rejection(read()))
      .to.have.property('message')
      .that.matches(/^the physical volume of LVM on partition 2 of .* is damaged: the header of a metadata area/);
    program('sfdisk', ['--quiet', '--no-tell-kernel', '--part-type', disk, '2', 'L']);
    write(physical[1]!.start + 512, '\0'.repeat(512));
    expect(await rejection(read()))
      .to.have.property('message')
      .that.matches(/^the volume group vg has a physical volume that is not on the disk/);
  });
});

/** A group with the volumes `data`, `meta`, `origin` and `changes` as the parts of a thin pool and of a snapshot. */
function withOddVolumes(text: string): string {
  const id = (index: number) => `id = "aaaaaa-bbbb-cccc-dddd-eeee-ffff-00000${index}"`;
  const shown = 'status = ["READ", "WRITE", "VISIBLE"]\nflags = []\nsegment_count = 1';
  const segment = (...lines: string[]) => `segment1 {\nstart_extent = 0\nextent_count = 2\n${lines.join('\n')}\n}\n`;
  const thinPool = segment(
    ...['type = "thin-pool"', 'metadata = "pool_tmeta"', 'pool = "pool_tdata"', 'transaction_id = 1'],
    ...['chunk_size = 128', 'discards = "passdown"', 'zero_new_blocks = 1'],
  );
  const thin = segment('type = "thin"', 'thin_pool = "pool"', 'transaction_id = 0', 'device_id = 1');
  const snapshot = segment('type = "snapshot"', 'chunk_size = 8', 'origin = "origin"', 'cow_store = "changes"');
  const hidden = (name: string, as: string) => (all: string) =>
    all
      .replace(`${name} {`, `${as} {`)
      .replace(new RegExp(`(${as} \\{[^}]*?)"VISIBLE"`), '$1')
      .replace(new RegExp(`(${as} \\{[^}]*?"WRITE"), \\]`), '$1]');
  return hidden(
    'data',
    'pool_tdata',
  )(hidden('meta', 'pool_tmeta')(text)).replace(
    'logical_volumes {',
    `logical_volumes {
pool {\n${id(1)}\n${shown}\n${thinPool}}
thin1 {\n${id(2)}\n${shown}\n${thin}}
snapshot0 {\n${id(3)}\nstatus = ["READ", "WRITE"]\nflags = []\nsegment_count = 1\n${snapshot}}
`,
  );
}
