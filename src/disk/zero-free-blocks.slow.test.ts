import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../host/host.js';
import { testHost } from '../../test/support/host.js';
import { convertCommand } from './formats.js';
import { readBlockUse } from './ext-block-use.js';
import { ExtFileSystem } from './ext-file-system.js';
import { readHoles } from './raw-disk.js';
import { makeDisk, program } from '../../test/support/disk.js';

const MiB = 2 ** 20;
const offset = MiB;
/** Where only holes are punched: as on real disks, blocks of the file system are blocks of the builder's. */
const ordinary = ['-b', '4096'];
const removed = 'CONTENT-OF-A-FILE-THAT-WAS-DELETED;';
const kept = 'CONTENT-OF-A-FILE-THAT-STAYS;';

/** The bytes of the image as a guest would read them, and as somebody would who looks for what was deleted. */
async function published(disk: string): Promise<Buffer> {
  await run(testHost(), convertCommand(disk, `${disk}.qcow2`, 'qcow2', 'zstd')!);
  program('qemu-img', ['check', '-q', `${disk}.qcow2`]);
  program('qemu-img', ['convert', '-O', 'raw', `${disk}.qcow2`, `${disk}.again`]);
  return readFileSync(`${disk}.again`);
}

/** Fails at the first byte of a free block that is not zero. */
async function expectFreeBlocksToBeZero(disk: string, bytes: Buffer): Promise<void> {
  const { free } = await readBlockUse(testHost(), { disk, offset: offset });
  expect(free).not.to.be.empty;
  for (const { start, end } of free) {
    const block = bytes.subarray(offset + start, offset + end);
    expect(block.length, 'bytes in a free extent').to.equal(end - start);
    expect(block.equals(Buffer.alloc(block.length)), `bytes ${start} to ${end} of the file system`).to.be.true;
  }
}

describe('free blocks in the published image', () => {
  let directory: string;
  let disk: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'free blocks-'));
    disk = join(directory, 'disk.raw');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A file system with scattered holes: of 120 files, every other one was deleted, and a big one in between. */
  function used(fileSystem: string, options: readonly string[] = []): ExtFileSystem {
    const system = join(directory, 'system');
    mkdirSync(join(system, 'var/log/installer'), { recursive: true });
    mkdirSync(join(system, 'srv'));
    writeFileSync(join(system, 'var/log/installer/syslog'), removed.repeat(5000));
    for (let index = 0; index < 120; index++) {
      writeFileSync(join(system, `srv/${index}`), (index % 2 ? kept : removed).repeat(50 + index * 5));
      if (index === 60) writeFileSync(join(system, 'srv/big'), removed.repeat(200_000));
    }
    makeDisk(disk, 'dos', [{ type: 'L', size: 48, fileSystem, content: system, options }]);
    const names = [...Array(60).keys()].map((index) => String(2 * index));
    program(
      'debugfs',
      ['-w', '-f', '-', `${disk}?offset=${offset}`],
      [...names, 'big'].map((name) => `rm /srv/${name}\n`).join(''),
    );
    return new ExtFileSystem(testHost(), disk, { offset });
  }

  async function expectToTellNothing(): Promise<void> {
    const bytes = await published(disk);
    expect(bytes.includes(removed), 'what was deleted').to.be.false;
    await expectFreeBlocksToBeZero(disk, bytes);
    for (const index of [1, 61, 119]) {
      const content = program('debugfs', ['-R', `cat /srv/${index}`, `${disk}?offset=${offset}`]);
      expect(content, `/srv/${index}`).to.equal(kept.repeat(50 + index * 5));
    }
    expectJournalToBeZero();
    program('e2fsck', ['-f', '-n', `${disk}?offset=${offset}`]);
  }

  /** All of it but its superblock; ext2 has none. */
  function expectJournalToBeZero(): void {
    const journal = join(directory, 'journal');
    program('debugfs', ['-R', `dump <8> "${journal}"`, `${disk}?offset=${offset}`]);
    const blocks = readFileSync(journal).subarray(4096);
    expect(blocks.equals(Buffer.alloc(blocks.length)), 'the journal').to.be.true;
  }

  const kinds: readonly [string, string, ...string[]][] = [
    ['ext2', 'ext2', ...ordinary],
    ['ext3, with a journal', 'ext3', ...ordinary],
    ['ext4', 'ext4', ...ordinary],
    ['ext4 with blocks smaller than the pages of this machine', 'ext4', '-b', '1024'],
    ['ext4 with many groups, most of them never used', 'ext4', '-b', '1024', '-g', '1024', '-O', '^resize_inode'],
    ['ext4 whose unused groups carry no checksums', 'ext4', ...ordinary, '-O', '^metadata_csum,^uninit_bg'],
    ['ext4 that hands out clusters of blocks', 'ext4', ...ordinary, '-O', 'bigalloc', '-C', '16384'],
  ];
  for (const [title, fileSystem, ...options] of kinds) {
    it(`are zeros on ${title}`, async () => {
      const root = used(fileSystem, options);
      expect(readFileSync(disk).includes(removed), 'the test has something to find').to.be.true;
      await root.removeLeftovers();
      await root.zeroFreeBlocks();
      await expectToTellNothing();
    });
  }

  it('are zeros, and so are the inodes of files that were removed, in which small files stand whole', async () => {
    const system = join(directory, 'system');
    mkdirSync(system);
    for (const name of ['one', 'two', 'three']) writeFileSync(join(system, name), name === 'two' ? kept : removed);
    makeDisk(disk, 'dos', [
      { type: 'L', size: 24, fileSystem: 'ext4', content: system, options: ['-O', 'inline_data'] },
    ]);
    const device = `${disk}?offset=${offset}`;
    program('debugfs', ['-w', '-f', '-', device], 'rm /one\nrm /three\n');
    expect(readFileSync(disk).includes(removed)).to.be.true;
    await new ExtFileSystem(testHost(), disk, { offset }).zeroFreeBlocks();
    program('e2fsck', ['-f', '-n', device]);
    const bytes = await published(disk);
    expect(bytes.includes(removed)).to.be.false;
    expect(program('debugfs', ['-R', 'cat /two', device]).startsWith(kept)).to.be.true;
  });

  it('are given back to the builder, and not written', async () => {
    const root = used('ext4', ordinary);
    const before = statSync(disk).blocks * 512;
    await root.zeroFreeBlocks();
    expect(before - statSync(disk).blocks * 512).to.be.above(7 * MiB);
    expect(root.host.log)
      .to.have.property('lines')
      .that.satisfies((lines: string[]) => !lines.some((line) => line.includes('zerofree')));
  });

  it('are zeros after the journal of a guest that did not unmount was replayed', async () => {
    const root = used('ext4', ordinary);
    const device = `${disk}?offset=${offset}`;
    const block = program('debugfs', ['-R', 'blocks /srv/1', device]).trim().split(' ')[0] ?? '';
    const content = join(directory, 'block');
    writeFileSync(content, Buffer.alloc(4096, kept));
    program('debugfs', ['-w', '-f', '-', device], `jo\njw -b ${block} "${content}"\njc\n`);
    expect(program('debugfs', ['-R', 'show_super_stats -h', device])).to.contain('needs_recovery');
    await root.removeLeftovers();
    await root.zeroFreeBlocks();
    const bytes = await published(disk);
    expect(bytes.includes(removed)).to.be.false;
    await expectFreeBlocksToBeZero(disk, bytes);
  });

  for (const [title, fileSystem, ...options] of [
    ['ext4', 'ext4', ...ordinary],
    ['ext3, in whose journal blocks with addresses stand', 'ext3', '-b', '1024'],
  ] as const) {
    it(`tell no more than the journal of ${title}, and that is emptied`, async () => {
      const journalled = 'CONTENT-OF-THE-JOURNAL;';
      const root = used(fileSystem, options);
      const device = `${disk}?offset=${offset}`;
      const block = program('debugfs', ['-R', 'blocks /srv/3', device]).trim().split(' ')[0] ?? '';
      const content = join(directory, 'block');
      writeFileSync(content, Buffer.alloc(4096, journalled));
      program('debugfs', ['-w', '-f', '-', device], `jo\njw -b ${block} "${content}"\njc\n`);
      await root.removeLeftovers();
      program('debugfs', ['-w', '-R', 'rm /srv/3', device]);
      await root.zeroFreeBlocks();
      expect((await published(disk)).includes(journalled)).to.be.false;
      await expectToTellNothing();
    });
  }

  it('are zeros where a partition does not begin at a block of the host', async () => {
    const root = used('ext4');
    // The same file system, two sectors further on.
    const bytes = readFileSync(disk);
    const handle = openSync(disk, 'r+');
    writeSync(handle, bytes.subarray(offset, offset + 48 * MiB), 0, 48 * MiB, offset + 1024);
    closeSync(handle);
    const moved = new ExtFileSystem(root.host, disk, { offset: offset + 1024 });
    await moved.zeroFreeBlocks();
    const after = readFileSync(disk);
    for (const { start, end } of (await readBlockUse(testHost(), { disk, offset: offset + 1024 })).free) {
      const block = after.subarray(offset + 1024 + start, offset + 1024 + end);
      expect(block.equals(Buffer.alloc(block.length)), `bytes ${start} to ${end} of the file system`).to.be.true;
    }
  });

  it('are zeros where the builder can make no holes', async function () {
    if (process.getuid?.() !== 0) {
      console.log('skipped: mounting a file system without holes takes root: sudo make check');
      return this.skip();
    }
    const noHoles = join(directory, 'no holes');
    mkdirSync(noHoles);
    used('ext4');
    // ramfs has no fallocate(2).
    program('mount', ['-t', 'ramfs', 'ramfs', noHoles]);
    try {
      program('cp', [disk, noHoles]);
      disk = join(noHoles, 'disk.raw');
      const host = testHost();
      const root = new ExtFileSystem(host, disk, { offset });
      await root.removeLeftovers();
      await root.zeroFreeBlocks();
      expect(await readHoles(host, disk)).to.be.empty;
      await expectToTellNothing();
    } finally {
      program('umount', [noHoles]);
    }
  });

  it('are not all: what stands behind copies of the superblock, and in them, is of the file system itself', async () => {
    const secret = 'IN-A-BACKUP-OF-THE-SUPERBLOCK;';
    makeDisk(disk, 'dos', [{ type: 'L', size: 48, fileSystem: 'ext4', options: ['-b', '1024'] }]);
    const handle = openSync(disk, 'r+');
    writeSync(handle, secret.repeat(800), offset + 40 * MiB);
    closeSync(handle);
    const uuid = () => program('blkid', ['-p', '-O', String(offset), '-s', 'UUID', '-o', 'value', disk]);
    const before = uuid();
    await new ExtFileSystem(testHost(), disk, { offset, size: 48 * MiB }).zeroFreeBlocks();
    expect((await published(disk)).includes(secret)).to.be.false;
    expect(uuid()).to.equal(before);
    program('e2fsck', ['-f', '-n', `${disk}?offset=${offset}`]);
    // Each copy begins as the superblock itself: with its magic number.
    expect(readFileSync(disk).readUInt16LE(offset + 40961 * 1024 + 56)).to.equal(0xef53);
  });
});
