import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure, UsageError } from '../../host/failure.js';
import type { Layout } from '../../layout/layout.js';
import { program } from '../../../test/support/disk.js';
import { rejection, testHost } from '../../../test/support/host.js';
import { planned } from '../../../test/support/layout.js';
import { fileSystem, gptDisk, layoutOf, types } from '../../../test/support/layouts.js';
import { isRoot, owner, smallTree } from '../../../test/support/small-tree.js';
import { devicePlaces } from './device-places.js';
import { rightsProblems } from './disk-problems.js';
import { makeDisk } from './make-disk.js';

const MiB = 2 ** 20;
const epoch = Date.UTC(2024, 0, 1) / 1000;

/** Every type of file system, on a GPT. */
function everything(root: 'ext4' | 'xfs' | 'btrfs', size: number): Layout {
  const disk = gptDisk('image0', [
    { name: 'E"SP', size: 40, type: types.efi },
    { name: 'root', size, type: types.linux },
    { name: 'log', size: 8, type: types.linux },
    { name: 'swap', size: 4, type: types.swap },
  ]);
  return layoutOf(
    [disk],
    [
      fileSystem({ name: 'mkfs_root', on: 'root', type: root, label: 'img root', mount: '/' }),
      fileSystem({ name: 'mkfs_esp', on: 'E"SP', type: 'vfat', label: 'ESP', mount: '/boot/efi' }),
      fileSystem({ name: 'mkfs_log', on: 'log', type: 'ext3', label: 'log', mount: '/var/log' }),
      fileSystem({ name: 'mkfs_new', on: 'swap', type: 'swap', label: 'pages' }),
    ],
  );
}

describe('a disk of our own', () => {
  let directory: string;
  let tree: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'image factory disk-'));
    tree = smallTree(join(directory, 'a, tree: of "ours"'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const make = async (layout: Layout, { name = 'disk.raw', timed = true, of = tree } = {}) => {
    const host = testHost();
    const output = join(directory, name);
    const wanted = {
      layout,
      tree: of,
      output,
      bootLoader: 'none',
      kernelWords: [],
      epoch: timed ? epoch : undefined,
    } as const;
    await host.release.after(host.log, () => makeDisk(host, wanted));
    return output;
  };
  /** A device of the disk in a file of its own, for programs that know no offsets. */
  const taken = (disk: string, layout: Layout, device: string): string => {
    const file = join(directory, 'taken');
    const bytes = readFileSync(disk);
    const pieces = devicePlaces(layout).get(device) ?? [];
    writeFileSync(file, Buffer.concat(pieces.map(({ offset, size }) => bytes.subarray(offset, offset + size))));
    return file;
  };
  const offsetOf = (layout: Layout, device: string) => devicePlaces(layout).get(device)?.[0]?.offset ?? 0;
  const blkid = (file: string) => program('blkid', ['-p', '-o', 'export', file]);

  it('has the partitions and file systems of its layout, each with its part of the tree', async () => {
    const layout = everything('ext4', 32);
    const disk = await make(layout);
    const table = JSON.parse(program('sfdisk', ['--json', disk])) as {
      partitiontable: { label: string; partitions: { start: number; size: number; type: string; name: string }[] };
    };
    expect(table.partitiontable.label).to.equal('gpt');
    expect(
      table.partitiontable.partitions.map(({ start, size, type, name }) => ({ start, size, type, name })),
    ).to.deep.equal(layout.disks[0]?.partitions.map(({ start, size, type, name }) => ({ start, size, type, name })));
    expect(blkid(taken(disk, layout, 'root')))
      .to.match(/^LABEL=img\\ root$/m)
      .and.to.match(/^TYPE=ext4$/m);
    expect(blkid(taken(disk, layout, 'E"SP')))
      .to.match(/^LABEL=ESP$/m)
      .and.to.match(/^TYPE=vfat$/m);
    expect(blkid(taken(disk, layout, 'log')))
      .to.match(/^LABEL=log$/m)
      .and.to.match(/^TYPE=ext3$/m);
    expect(blkid(taken(disk, layout, 'swap')))
      .to.match(/^LABEL=pages$/m)
      .and.to.match(/^TYPE=swap$/m);

    const root = `${disk}?offset=${offsetOf(layout, 'root')}`;
    const debugfs = (request: string, place = root) => program('debugfs', ['-R', request, place]);
    for (const place of [root, `${disk}?offset=${offsetOf(layout, 'log')}`]) program('e2fsck', ['-f', '-n', place]);
    expect(debugfs('cat /etc/fstab')).to.equal(
      'LABEL=img\\040root / ext4 defaults 0 1\nLABEL=ESP /boot/efi vfat defaults 0 2\n' +
        'LABEL=log /var/log ext3 defaults 0 2\nLABEL=pages none swap sw 0 0\n',
    );
    expect(debugfs('stat /usr/bin/su')).to.match(/Mode: {2}04755/);
    expect(debugfs('stat /tmp')).to.match(/Mode: {2}01777/);
    expect(debugfs('stat /bin')).to.match(/Fast link dest: "usr\/bin"/);
    expect(debugfs('stat /usr/share/same')).to.match(/Links: 2/);
    expect(debugfs('cat "/usr/share/quo""ted"')).to.equal('quoted\n');
    expect(debugfs('cat /usr/share/größe')).to.equal('umlaut\n');
    expect(debugfs('stat /etc/hostname')).to.match(/mtime: 0x6477df80:/, "the tree's own time");
    expect(debugfs('ls /var/log')).to.not.match(/messages/, 'what another file system holds');
    expect(debugfs('ls /boot/efi')).to.not.match(/notes/);
    expect(debugfs('cat /messages', `${disk}?offset=${offsetOf(layout, 'log')}`)).to.equal('log\n');
    expect(program('mtype', ['-i', `${disk}@@${offsetOf(layout, 'E"SP')}`, '::/notes.txt'])).to.equal('on the ESP\n');
    expect(readFileSync(join(tree, 'etc/fstab'), 'utf8')).to.equal('# the tree has one of its own\n');
    if (!isRoot) return;
    expect(debugfs('stat /messages', `${disk}?offset=${offsetOf(layout, 'log')}`)).to.match(
      new RegExp(`User: +${owner.uid} +Group: +${owner.gid} `),
    );
    expect(debugfs('ea_list /usr/bin/ping')).to.match(/security\.capability \(20\)/);
  });

  it('comes out the same, byte for byte, at another time', async () => {
    const layout = everything('ext4', 32);
    const [one, other] = [await make(layout, { name: 'one.raw' }), await make(layout, { name: 'other.raw' })];
    expect(readFileSync(one).equals(readFileSync(other))).to.equal(true);
    // mke2fs alone would have the times at which the tree's files were read and changed.
    const stat = program('debugfs', ['-R', 'stat /etc/hostname', `${one}?offset=${offsetOf(layout, 'root')}`]);
    expect(stat.match(/[ac]time: 0x[0-9a-f]+/g)).to.deep.equal(['ctime: 0x6477df80', 'atime: 0x6477df80']);
  });

  it('has identifiers of its own where nothing asks for the same ones', async () => {
    const layout = everything('ext4', 32);
    const disks = [
      await make(layout, { name: 'one.raw', timed: false }),
      await make(layout, { name: 'other.raw', timed: false }),
    ];
    const ids = disks.map((disk) => /^UUID=(.+)$/m.exec(blkid(taken(disk, layout, 'root')))?.[1]);
    expect(ids[0])
      .to.match(/^[0-9a-f-]{36}$/)
      .and.to.not.equal(ids[1]);
  });

  it('may have XFS, with times, bits and capabilities that prototype files can not hold', async () => {
    const layout = everything('xfs', 320);
    const plain = smallTree(join(directory, 'plain tree'));
    rmSync(join(plain, 'usr/share/same'));
    const disk = await make(layout, { of: plain });
    const file = taken(disk, layout, 'root');
    expect(blkid(file))
      .to.match(/^LABEL=img\\ root$/m)
      .and.to.match(/^TYPE=xfs$/m);
    program('xfs_repair', ['-n', file]);
    const read = (...requests: string[]) =>
      program('xfs_db', ['-r', ...requests.flatMap((request) => ['-c', request]), file]);
    expect(read('path /tmp', 'print core.mode')).to.equal('core.mode = 041777\n');
    expect(read('path /usr/bin/su', 'print core.mode')).to.equal('core.mode = 0104755\n');
    expect(read('path /etc/hostname', 'print core.mtime.sec')).to.match(/Jun {2}1 00:00:00 2023/);
    expect(read('path /usr/share/big', 'print core.size')).to.equal('core.size = 3000000\n');
    expect(read('ls /var/log')).to.not.match(/messages/);
    if (isRoot)
      expect(read('path /usr/bin/ping', 'print a.sfattr')).to.match(/"capability".*\\001\\000\\000\\002\\000 /s);
  });

  it('may have XFS with hard links, access control lists and any name, where root makes it', async function () {
    if (!isRoot) {
      console.log('        skipped: only root mounts XFS; run: sudo make check');
      this.skip();
    }
    const odd = smallTree(join(directory, 'odd tree'));
    const listed = join(odd, 'srv/a name, $with blanks');
    writeFileSync(listed, 'listed\n');
    program('setfacl', ['-m', `u:${owner.uid}:r`, listed]);
    program('setfattr', ['-n', 'user.note', '-v', 'kept', listed]);
    const layout = everything('xfs', 320);
    const file = taken(await make(layout, { name: 'xfs.raw', of: odd }), layout, 'root');
    program('xfs_repair', ['-n', file]);
    const at = mkdtempSync(join(directory, 'mounted-'));
    program('mount', ['-o', 'loop,ro', file, at]);
    try {
      expect(statSync(join(at, 'usr/share/same')).ino).to.equal(statSync(join(at, 'usr/share/big')).ino);
      const found = join(at, 'srv/a name, $with blanks');
      expect(program('getfacl', ['--numeric', found])).to.contain(`user:${owner.uid}:r--`);
      expect(program('getfattr', ['--dump', found])).to.contain('user.note="kept"');
      expect(program('getcap', [join(at, 'usr/bin/ping')])).to.contain('cap_net_raw=ep');
      expect(statSync(join(at, 'usr/bin/su')).mode & 0o7777).to.equal(0o4755);
      expect(program('find', [at, '-newermt', `@${epoch}`])).to.equal('');
    } finally {
      program('umount', [at]);
    }
  });

  it('may have btrfs', async () => {
    const layout = everything('btrfs', 130);
    const disk = await make(layout);
    const file = taken(disk, layout, 'root');
    expect(blkid(file))
      .to.match(/^LABEL=img\\ root$/m)
      .and.to.match(/^TYPE=btrfs$/m);
    program('btrfs', ['check', '--readonly', file]);
    const restored = mkdtempSync(join(directory, 'restored-'));
    program('btrfs', ['restore', '--metadata', '--symlinks', file, restored]);
    expect(readFileSync(join(restored, 'usr/share/big')).equals(readFileSync(join(tree, 'usr/share/big')))).to.equal(
      true,
    );
    expect(readFileSync(join(restored, 'etc/fstab'), 'utf8')).to.match(/^LABEL=img\\040root \/ btrfs/);
    expect(readdirSync(join(restored, 'boot'))).to.deep.equal(['efi']);
  });

  /** btrfs whose parts are mounted at / and /var/log, and one that is not mounted. */
  function subvolumes(): Layout {
    const layout = everything('btrfs', 120);
    const fileSystems = layout.fileSystems
      .filter(({ name }) => name !== 'mkfs_log')
      .map((one) => {
        if (one.name !== 'mkfs_root') return one;
        const parts = [{ name: '@', mount: '/' }, { name: '@/var/log', mount: '/var/log' }, { name: 'snapshots/old' }];
        return fileSystem({ name: one.name, on: one.on, type: 'btrfs', subvolumes: parts });
      });
    return { ...layout, fileSystems };
  }

  it('may have subvolumes of btrfs, each with its part of the tree', async function () {
    if (!isRoot) {
      console.log('        skipped: only root mounts btrfs; run: sudo make check');
      this.skip();
    }
    const layout = subvolumes();
    const disk = await make(layout, { name: 'subvolumes.raw' });
    const file = taken(disk, layout, 'root');
    program('btrfs', ['check', '--readonly', file]);
    const at = mkdtempSync(join(directory, 'mounted-'));
    program('mount', ['-o', 'loop,ro', file, at]);
    try {
      const listed = program('btrfs', ['subvolume', 'list', at]);
      expect([...listed.matchAll(/ path (.*)$/gm)].map(([, path]) => path).sort()).to.deep.equal([
        '@',
        '@/var/log',
        'snapshots/old',
      ]);
      expect(readdirSync(at).sort()).to.deep.equal(['@', 'snapshots']);
      expect(readdirSync(join(at, 'snapshots/old'))).to.deep.equal([]);
      const { uid, gid, mode } = statSync(join(at, '@/var/log/messages'));
      expect({ uid, gid, mode: mode & 0o7777 }).to.deep.equal({ ...owner, mode: 0o640 });
      expect(statSync(join(at, '@/tmp')).mode & 0o7777).to.equal(0o1777);
      expect(statSync(join(at, '@/usr/share/same')).ino).to.equal(statSync(join(at, '@/usr/share/big')).ino);
      expect(program('getcap', [join(at, '@/usr/bin/ping')])).to.contain('cap_net_raw=ep');
      const times = program('find', [join(at, '@'), '-newermt', `@${epoch}`]);
      expect(times).to.equal('');
    } finally {
      program('umount', [at]);
    }
  });

  it('has subvolumes only where root makes it', () => {
    expect(rightsProblems(subvolumes(), 0)).to.deep.equal([]);
    expect(rightsProblems(subvolumes(), 1000)).to.deep.equal([
      'the file system mkfs_root has subvolumes (@, @/var/log, snapshots/old): to make them it is mounted, which only root may do: run this as root, or leave the subvolumes out',
    ]);
  });

  it('may have an MBR with logical partitions', async () => {
    const layout = planned(
      `- local_loop: {name: image0}
- partitioning:
    base: image0
    label: mbr
    partitions:
      - {name: root, size: 16MiB, flags: [boot, primary], mkfs: {type: ext4, mount: {mount_point: /, fstab: {}}}}
      - {name: var, size: 30%, mkfs: {type: ext2, mount: {mount_point: /var, fstab: {}}}}
      - {name: swap, size: 100%, type: '82', mkfs: {type: swap, mount: {mount_point: none, fstab: {}}}}
`,
      40 * MiB,
    );
    const disk = await make(layout);
    const { partitiontable } = JSON.parse(program('sfdisk', ['--json', disk])) as {
      partitiontable: { partitions: { node: string; start: number; size: number; type: string; bootable?: boolean }[] };
    };
    const told = partitiontable.partitions.map(({ node, start, size, type }) => [
      Number(/\d+$/.exec(node)),
      start,
      size,
      `0x${type}`,
    ]);
    expect(told).to.deep.equal(
      layout.disks[0]?.partitions.map(({ number, start, size, type }) => [
        number,
        start,
        size,
        type.replace(/^0x0/, '0x'),
      ]),
    );
    expect(partitiontable.partitions.map(({ bootable }) => bootable ?? false)).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
    program('e2fsck', ['-f', '-n', `${disk}?offset=${offsetOf(layout, 'var')}`]);
    expect(blkid(taken(disk, layout, 'swap'))).to.match(/^TYPE=swap$/m);
  });

  it('may have linear logical volumes on several physical ones, as LVM itself reads them', async () => {
    const pv = (name: string, size: number) => ({ name, size, type: types.lvm });
    const volume = (name: string, size: number) => ({ name, size: size * MiB, type: 'linear' as const });
    const layout = layoutOf(
      [gptDisk('image0', [pv('pv0', 22), pv('pv1', 18)])],
      [
        fileSystem({ name: 'mkfs_root', on: 'lv-root', type: 'ext4', label: 'root', mount: '/' }),
        // Lies on both.
        fileSystem({ name: 'mkfs_var', on: 'lv_var', type: 'ext4', label: 'var', mount: '/var' }),
      ],
      [
        {
          ...{ name: 'vg', physicalVolumes: ['pv0', 'pv1'], extentSize: 4 * MiB },
          volumes: [volume('lv-root', 12), volume('lv_var', 20)],
        },
      ],
    );
    const disk = await make(layout);
    for (const [device, count] of [
      ['pv0', 5],
      ['pv1', 4],
    ] as const) {
      const file = taken(disk, layout, device);
      expect(program('pvck', ['--dump', 'headers', file])).to.not.match(/CHECK/);
      expect(program('pvck', ['--dump', 'metadata', file])).to.match(new RegExp(`pe_count = ${count}\\b`));
    }
    expect(blkid(taken(disk, layout, 'pv1'))).to.match(/^TYPE=LVM2_member$/m);
    const file = taken(disk, layout, 'lv_var');
    program('e2fsck', ['-f', '-n', file]);
    expect(program('debugfs', ['-R', 'cat /log/messages', file])).to.equal('log\n');
  });

  it('may have sectors of 4096 bytes', async () => {
    const partitions = [
      { name: 'ESP', size: 20, type: types.efi },
      { name: 'root', size: 16, type: types.linux },
    ];
    const layout = layoutOf(
      [gptDisk('image0', partitions, 4096)],
      [
        fileSystem({ name: 'mkfs_root', on: 'root', type: 'ext4', mount: '/' }),
        fileSystem({ name: 'mkfs_esp', on: 'ESP', type: 'vfat', label: 'ESP', mount: '/boot/efi' }),
      ],
    );
    const disk = await make(layout);
    const told = program('fdisk', ['-b', '4096', '-l', '-o', 'Start,Sectors,Type-UUID,Name', disk]).split('\n');
    expect(told.slice(-3, -1).map((line) => line.trim().split(/\s+/))).to.deep.equal(
      layout.disks[0]?.partitions.map(({ start, size, type, name }) => [String(start), String(size), type, name]),
    );
    const root = `${disk}?offset=${offsetOf(layout, 'root')}`;
    program('e2fsck', ['-f', '-n', root]);
    expect(program('debugfs', ['-R', 'stats -h', root])).to.match(/Block size: +4096\n/);
    expect(program('mtype', ['-i', `${disk}@@${offsetOf(layout, 'ESP')}`, '::/notes.txt'])).to.equal('on the ESP\n');
  });

  it('takes the space of what is in it: zeros are holes', async () => {
    const disk = await make(everything('btrfs', 1000));
    const [blocks, size] = program('stat', ['-c', '%b %s', disk]).split(' ').map(Number);
    expect(size).to.be.greaterThan(1000 * MiB);
    expect(blocks! * 512).to.be.lessThan(20 * MiB);
  });

  it('holds files with holes that are larger than it', async () => {
    const file = join(tree, 'srv/holes');
    writeFileSync(file, '');
    truncateSync(file, 2 ** 30);
    try {
      const layout = everything('ext4', 32);
      const place = `${await make(layout)}?offset=${offsetOf(layout, 'root')}`;
      program('e2fsck', ['-f', '-n', place]);
      expect(program('debugfs', ['-R', 'stat /srv/holes', place])).to.match(/Size: 1073741824\n/);
    } finally {
      rmSync(file);
    }
  });

  const oneExt4 = (size: number) =>
    layoutOf(
      [gptDisk('image0', [{ name: 'root', size, type: types.linux }])],
      [fileSystem({ name: 'mkfs_root', on: 'root', type: 'ext4', mount: '/' })],
    );

  it('says what to do where a file system is full though its files alone would fit', async () => {
    const before = readdirSync(directory);
    const error = await rejection(make(oneExt4(4), { name: 'never.raw' }));
    expect(error).to.be.instanceOf(Failure);
    expect((error as Failure).message).to.match(/mke2fs .*failed with exit code/s);
    expect((error as Failure).hint).to.contain('Give the file system mkfs_root more space in the layout');
    expect(readdirSync(directory)).to.deep.equal(before);
  });

  it('does not lie in its own tree', async () => {
    const host = testHost();
    const output = join(tree, 'srv/disk.raw');
    const wanted = { layout: oneExt4(8), tree, output, bootLoader: 'none', kernelWords: [], epoch } as const;
    expect(await rejection(makeDisk(host, wanted))).to.match(/it is in the tree .*, and would hold itself/);
  });

  const failures: Record<string, { layout: () => Layout; told: RegExp }> = {
    'does not fit': {
      layout: () => oneExt4(2),
      told: /the tree has \d+ MiB for the file system/,
    },
    'has a file system that can not be made': {
      layout: () =>
        layoutOf(
          [gptDisk('image0', [{ name: 'root', size: 8, type: types.linux }])],
          [fileSystem({ name: 'mkfs_root', on: 'root', type: 'f2fs', mount: '/' })],
        ),
      told: /'f2fs' can't be made; the types are ext2/,
    },
    'has a mount point that is a link in the tree': {
      layout: () =>
        layoutOf(
          [gptDisk('image0', [{ name: 'bin', size: 8, type: types.linux }])],
          [fileSystem({ name: 'mkfs_bin', on: 'bin', type: 'ext4', mount: '/bin/more' })],
        ),
      told: /the mount point \/bin\/more can't be made: \/bin is a symbolic link in the tree/,
    },
    'has thin volumes': {
      layout: () =>
        layoutOf(
          [gptDisk('image0', [{ name: 'pv', size: 20, type: types.lvm }])],
          [],
          [
            {
              name: 'vg',
              physicalVolumes: ['pv'],
              extentSize: 4 * MiB,
              volumes: [{ name: 'pool', size: 4 * MiB, type: 'thin-pool' }],
            },
          ],
        ),
      told: /thin volumes \(pool\): only linear ones/,
    },
  };
  for (const [what, { layout, told }] of Object.entries(failures)) {
    it(`is not begun where it ${what}`, async () => {
      const before = readdirSync(directory);
      const error = await rejection(make(layout(), { name: 'never.raw' }));
      expect(error).to.be.instanceOf(UsageError);
      expect((error as Error).message).to.match(told);
      expect(readdirSync(directory)).to.deep.equal(before);
    });
  }
});
