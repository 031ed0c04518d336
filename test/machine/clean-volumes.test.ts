import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { below } from '../../src/disk/place.js';
import { Failure } from '../../src/host/failure.js';
import { program } from '../support/disk.js';
import { cleaned, leftovers, plant, readable, secretOf } from '../support/planted.js';
import { obstacle } from '../support/sudo-helper.js';
import {
  checkVolume,
  found,
  inVolume,
  put,
  systemDisk,
  type Extent,
  type SystemPartition,
} from '../support/system-disk.js';

const esp = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const biosBoot = '21686148-6449-6e6f-744e-656564454649';

describe('an image that is called clean', function () {
  // A machine that runs tests may be busy.
  this.timeout(30 * 60_000);

  let directory: string;
  let disk: string;

  before(function () {
    const reason = obstacle('mkfs.xfs', 'mkfs.btrfs', 'mkfs.vfat', 'btrfs', 'losetup', 'xfs_repair');
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}; run: sudo make check`);
      this.skip();
    }
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'clean volumes-'));
    disk = join(directory, 'disk.raw');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function write(extent: Extent, at: number, text: string): void {
    const handle = openSync(disk, 'r+');
    writeSync(handle, text, extent.start + at);
    closeSync(handle);
  }

  for (const type of ['ext4', 'xfs', 'btrfs'] as const) {
    it(`has nothing of the installer's and nothing deleted on ${type}, wherever it was`, async () => {
      const mountPoints = ['/boot', '/var', '/var/log', '/home'];
      const sizes = { ext4: 48, xfs: 300, btrfs: 128 };
      const linux = (mountPoint: string, fileSystem: 'ext4' | typeof type = 'ext4'): SystemPartition => ({
        type: 'L',
        size: fileSystem === 'ext4' ? 32 : sizes[type],
        gap: mountPoint === '/var' ? 2 : 0,
        fileSystem,
        fill: plant(
          mountPoint,
          mountPoints.filter((other) => below(mountPoint, `${other}/`) && other !== mountPoint),
        ),
      });
      const partitions: SystemPartition[] = [
        { type: biosBoot, size: 1 },
        { type: esp, size: 8, gap: 1, fileSystem: 'vfat' },
        linux('/boot'),
        { ...linux('/', type), size: sizes[type] },
        linux('/var', type),
        linux('/var/log'),
        linux('/home'),
        { type: 'S', size: 16, gap: 3, fileSystem: 'swap' },
      ];
      const extents = systemDisk(disk, 'gpt', partitions);
      const [boot, efi, , root, , , , swap] = extents as [
        Extent,
        Extent,
        Extent,
        Extent,
        Extent,
        Extent,
        Extent,
        Extent,
      ];
      const tag = (index: number, name: string) =>
        program('blkid', [
          '-p',
          '-O',
          String(extents[index]!.start),
          '-S',
          String(extents[index]!.end - extents[index]!.start),
          '-s',
          name,
          '-o',
          'value',
          disk,
        ]).trim();
      program('e2label', [`${disk}?offset=${extents[6]!.start}`, 'home']);
      const [uuid, swapUuid] = [tag(2, 'UUID'), tag(7, 'UUID')];
      inVolume(disk, root, type, (mounted) => {
        put(mounted, 'etc/os-release', 'ID=test\n');
        put(mounted, 'usr/bin/true');
        put(
          mounted,
          'etc/fstab',
          [
            '/dev/vda4 / auto defaults 0 1',
            `UUID=${uuid} /boot ext4 defaults 0 2`,
            `PARTUUID="${tag(4, 'PART_ENTRY_UUID') || partUuid(disk, 5)}" /var auto defaults 0 2`,
            '/dev/disk/by-id/virtio-x-part6 /var/log/ ext4 defaults 0 2',
            'LABEL=home /home ext4 defaults 0 2',
            `UUID=${swapUuid} none swap sw 0 0`,
            '/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0',
            'tmpfs /tmp tmpfs defaults 0 0',
          ].join('\n'),
        );
      });
      program('mcopy', ['-i', `${disk}@@${efi.start}`, '-', '::/stays.txt'], 'STAYS-ON-ESP;'.repeat(100));
      program('mcopy', ['-i', `${disk}@@${efi.start}`, '-', '::/gone.txt'], 'DELETED-FROM-ESP;'.repeat(1000));
      program('mdel', ['-i', `${disk}@@${efi.start}`, '::/gone.txt']);
      write(boot, 4096, 'CODE-OF-THE-BOOT-LOADER;');
      write(swap, 5000, 'SWAPPED-OUT;');
      write({ start: efi.start - 2 ** 20, end: 0 }, 700, 'BEFORE-THE-ESP;');
      write({ start: swap.start - 2 ** 21, end: 0 }, 0, 'BETWEEN-PARTITIONS;');
      write({ start: swap.end, end: 0 }, 1000, 'AFTER-THE-LAST;');

      const secrets = [
        ...leftovers.map(secretOf),
        ...['/', ...mountPoints, 'ESP'].map((place) => `DELETED-FROM-${place};`),
        ...['SWAPPED-OUT;', 'BEFORE-THE-ESP;', 'BETWEEN-PARTITIONS;', 'AFTER-THE-LAST;'],
      ];
      const kept = [...['/', ...mountPoints, 'ESP'].map((place) => `STAYS-ON-${place};`), 'CODE-OF-THE-BOOT-LOADER;'];
      expect(found(disk, secrets)).to.have.members(secrets);

      const log = await cleaned(disk);
      expect(readable(disk, secrets)).to.deep.equal([]);
      expect(readable(disk, kept)).to.have.members(kept);
      for (const path of ['/var/log/installer', '/root/autoinst.xml', '/var/lib/autoinstall'])
        expect(log).to.contain(path);
      expect(log).not.to.contain('not mounted').and.not.to.contain('not on its disk');
      for (const [index, { fileSystem }] of partitions.entries()) {
        if (fileSystem !== undefined) checkVolume(disk, extents[index]!, fileSystem);
      }
      expect(tag(7, 'UUID')).to.equal(swapUuid);
      program('sfdisk', ['--verify', disk]);
    });
  }

  it('follows the default subvolume of btrfs, and cleans its snapshots', async () => {
    const secrets = ['IN-THE-SYSTEM;', 'IN-ROOT;', 'IN-VAR;', 'IN-A-SNAPSHOT;', 'AT-THE-TOP;'];
    const [system] = systemDisk(disk, 'gpt', [
      {
        type: 'L',
        size: 200,
        fileSystem: 'btrfs',
        fill: (root) => {
          const subvolume = (path: string) => program('btrfs', ['subvolume', 'create', join(root, path)]);
          for (const path of ['@', '@/var', '@/root', '@/home', '@/.snapshots']) subvolume(path);
          mkdirSync(join(root, '@/.snapshots/1'));
          subvolume('@/.snapshots/1/snapshot');
          const installed = '@/.snapshots/1/snapshot';
          put(root, `${installed}/etc/os-release`, 'ID=suse\n');
          put(root, `${installed}/usr/lib/os-release`, 'ID=suse\n');
          put(root, `${installed}/etc/install.inf`, 'IN-A-SNAPSHOT;'.repeat(400));
          put(
            root,
            `${installed}/etc/fstab`,
            [
              '/dev/vda1 / btrfs defaults 0 0',
              '/dev/vda1 /var btrfs subvol=/@/var 0 0',
              '/dev/vda1 /root btrfs subvol=@/root 0 0',
              '/dev/vda1 /.snapshots btrfs subvol=/@/.snapshots 0 0',
            ].join('\n'),
          );
          mkdirSync(join(root, '@/.snapshots/2'));
          program('btrfs', [
            'subvolume',
            'snapshot',
            '-r',
            join(root, installed),
            join(root, '@/.snapshots/2/snapshot'),
          ]);
          put(root, `${installed}/var/log/installer/x`, 'IN-THE-SYSTEM;'.repeat(400));
          put(root, '@/root/autoinst.xml', 'IN-ROOT;'.repeat(400));
          put(root, '@/var/adm/autoinstall/cache/installedSystem.xml', 'IN-VAR;'.repeat(400));
          put(root, '@/var/lib/rpm/rpmdb.sqlite', 'rpm');
          put(root, 'etc/x');
          put(root, 'usr/x');
          put(root, 'root/anaconda-ks.cfg', 'AT-THE-TOP;'.repeat(400));
          program('btrfs', ['subvolume', 'set-default', join(root, installed)]);
        },
      },
    ]);
    expect(found(disk, secrets)).to.have.members(secrets);
    const log = await cleaned(disk);
    expect(readable(disk, secrets)).to.deep.equal([]);
    expect(log).to.contain('/root/autoinst.xml').and.contain('/var/adm/autoinstall').and.contain('/var/log/installer');
    expect(log).to.contain(
      '/etc/install.inf (in subvolume @/.snapshots/2/snapshot of partition 1, which is not mounted)',
    );
    checkVolume(disk, system!, 'btrfs');
    inVolume(disk, system!, 'btrfs', (root) => {
      expect(existsSync(join(root, '@/.snapshots/2/snapshot/etc/os-release'))).to.be.true;
      expect(program('btrfs', ['property', 'get', join(root, '@/.snapshots/2/snapshot'), 'ro'])).to.contain('true');
    });
  });

  for (const type of ['xfs', 'btrfs'] as const) {
    it(`has no memory in the file that a system on ${type} swaps to, and can still swap to it`, async () => {
      const [system] = systemDisk(disk, 'gpt', [
        {
          type: 'L',
          size: 300,
          fileSystem: type,
          fill: (root) => {
            put(root, 'etc/os-release', 'ID=test\n');
            put(root, 'usr/x');
            put(
              root,
              'etc/fstab',
              '/swap/file none swap sw 0 0\n/swap/none none swap sw 0 0\n/etc/x none swap sw 0 0\n',
            );
            put(root, 'etc/x', 'NO-SWAP-SPACE;'.repeat(1000));
            put(root, 'swap/file');
            if (type === 'btrfs') program('chattr', ['+C', join(root, 'swap/file')]);
            program('fallocate', ['--length', '20MiB', join(root, 'swap/file')]);
            program('mkswap', ['--uuid', '4b1a3c62-6a0a-4b0e-9c3c-0d6a0c3b2a10', join(root, 'swap/file')]);
            const handle = openSync(join(root, 'swap/file'), 'r+');
            for (const at of [4096, 2 ** 20, 20 * 2 ** 20 - 100]) writeSync(handle, 'SWAPPED-OUT;', at);
            closeSync(handle);
          },
        },
      ]);
      expect(found(disk, ['SWAPPED-OUT;'])).to.have.length(1);
      const log = await cleaned(disk);
      expect(readable(disk, ['SWAPPED-OUT;'])).to.deep.equal([]);
      expect(readable(disk, ['NO-SWAP-SPACE;'])).to.have.length(1);
      expect(log).to.match(/^warn: What was swapped out to \/etc\/x stays in the image: [^]*FILE is no swap space/m);
      checkVolume(disk, system!, type);
      inVolume(disk, system!, type, (root) => {
        expect(program('blkid', ['-p', '-s', 'UUID', '-o', 'value', join(root, 'swap/file')])).to.contain('4b1a3c62');
      });
    });
  }

  it('is clean where no fstab tells what is mounted, too', async () => {
    systemDisk(disk, 'dos', [
      { type: 'L', size: 32, fileSystem: 'ext4', fill: (root) => put(root, 'grub/x') },
      {
        type: 'L',
        size: 32,
        fileSystem: 'ext4',
        fill: (root) => {
          put(root, 'etc/os-release', 'ID=debian\n');
          put(root, 'usr/x');
        },
      },
      {
        type: 'L',
        size: 300,
        fileSystem: 'xfs',
        fill: (root) => {
          put(root, 'lib/dpkg/status', 'Package: x\n');
          put(root, 'log/installer/cdebconf/questions.dat', 'ANSWERS;'.repeat(500));
        },
      },
    ]);
    const log = await cleaned(disk);
    expect(log).to.contain('/var/log/installer (in partition 3, which is not mounted)');
    expect(readable(disk, ['ANSWERS;'])).to.deep.equal([]);
  });

  it('is clean in subvolumes that nothing but their names tells, too', async () => {
    systemDisk(disk, 'gpt', [
      {
        type: 'L',
        size: 128,
        fileSystem: 'btrfs',
        fill: (root) => {
          for (const path of ['@', '@/root', '@/var', '@var_log']) {
            program('btrfs', ['subvolume', 'create', join(root, path)]);
          }
          put(root, '@/etc/os-release', 'ID=suse\n');
          put(root, '@/root/autoinst.xml', 'IN-ROOT;');
          put(root, '@/var/adm/autoinstall/cache/x', 'IN-VAR;');
          put(root, '@var_log/installer/x', 'IN-LOG;');
        },
      },
    ]);
    expect(found(disk, ['IN-ROOT;', 'IN-VAR;', 'IN-LOG;'])).to.have.length(3);
    await cleaned(disk);
    expect(readable(disk, ['IN-ROOT;', 'IN-VAR;', 'IN-LOG;'])).to.deep.equal([]);
  });

  it('names what it can not look into, before it changes anything', async () => {
    const luks = Buffer.alloc(1024);
    luks.write('LUKS\xba\xbe\x00\x01', 'latin1');
    const extents = systemDisk(disk, 'dos', [
      { type: 'L', size: 32, fileSystem: 'ext4', fill: plant('/') },
      { type: '8e', size: 16 },
      { type: 'L', size: 16 },
      { type: 'L', size: 16 },
    ]);
    program('dd', [
      `of=${disk}`,
      'bs=1',
      'conv=notrunc',
      'status=none',
      `seek=${extents[1]!.start}`,
      `if=${file('luks', luks)}`,
    ]);
    write(extents[2]!, 9 * 2 ** 20, 'something');
    const before = program('sha256sum', [disk]);
    const failure = await cleaned(disk).then(
      () => undefined,
      (error: unknown) => error as Failure,
    );
    expect(failure).to.be.instanceOf(Failure);
    expect(failure?.message).to.match(
      /^can't read partition 2 \(encrypted with LUKS\), partition 3 \(data of no file system that is known\) of the disk /,
    );
    expect(program('sha256sum', [disk])).to.equal(before);
  });

  function file(name: string, content: Buffer): string {
    put(directory, name, content);
    return join(directory, name);
  }

  it('is made in a directory with a question mark in its name', async () => {
    directory = join(mkdtempSync(join(tmpdir(), 'clean-')), 'what?');
    mkdirSync(directory);
    disk = join(directory, 'disk.raw');
    systemDisk(disk, 'dos', [{ type: 'L', size: 32 }]);
    program('mke2fs', ['-q', '-t', 'ext4', '-E', `offset=${2 ** 20}`, disk, '32M']);
    inVolume(disk, { start: 2 ** 20, end: 33 * 2 ** 20 }, 'ext4', plant('/'));
    expect(await cleaned(disk)).to.contain('Removed /');
    expect(readable(disk, leftovers.map(secretOf))).to.deep.equal([]);
  });
});

/** The PARTUUID that a partition table has for a partition. */
function partUuid(disk: string, number: number): string {
  return program('sfdisk', ['--part-uuid', disk, String(number)]).trim();
}
