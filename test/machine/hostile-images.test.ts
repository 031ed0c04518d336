import {
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { obstacle, offset, rawDisk, size, taken, type FileSystem } from '../support/sudo-helper.js';
import { randomNumbers } from '../../sudo-helper/attack/random.js';
import { makeDisk, program } from '../support/disk.js';
import { onePartition } from '../support/system-disk.js';
import { Failure } from '../../src/host/failure.js';
import { testStageHost } from '../support/stage.js';
import type { BuildState } from '../../src/images/build.js';
import { clean } from '../../src/images/stages/clean.js';
import { zerofree } from '../../src/images/stages/zerofree.js';
import { EventStream } from '../../src/report/event-stream.js';
import { lineReader } from '../../src/report/lines.js';

const MiB = 2 ** 20;

const seed = Number(process.env['IMAGE_FACTORY_ATTACK_SEED'] ?? Date.now() % 2 ** 32);

/** Damaged images of each kind of metadata, and of each file system that the helper mounts. */
const damaged = Number(process.env['IMAGE_FACTORY_DAMAGED_IMAGES'] ?? 8);

describe('hostile images', function () {
  // Each in seconds; but machines that run tests may be busy.
  this.timeout(30 * 60_000);

  let directory: string;
  /** What the links in the images lead to: a system of the host's. */
  let outside: string;
  let system: string;
  let disk: string;
  let untouched: string;

  const host = () => program('find', [outside, '-printf', '%p %y %m %U %s %T@ %C@\n']) + takenHere();
  const takenHere = () => (process.getuid?.() === 0 ? taken(directory) : '');

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hostile images-'));
    [outside, system, disk] = ['outside', 'system', 'disk.raw'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(system);
    for (const name of ['installer/syslog', 'anaconda/x', 'root/anaconda-ks.cfg', 'log/installer/syslog']) {
      mkdirSync(dirname(join(outside, name)), { recursive: true });
      writeFileSync(join(outside, name), 'of the host');
    }
    untouched = host();
  });
  afterEach(() => {
    const now = host();
    rmSync(directory, { recursive: true });
    expect(now).to.equal(untouched);
  });

  /** Cleans and zeroes the disk as a build does. Gives the log, and the Failure if it came to one. */
  async function cleaned(): Promise<{ log: string[]; failure?: Failure }> {
    const stageHost = testStageHost<BuildState>();
    const { lines: log } = stageHost.log;
    try {
      const state = await clean.run(
        stageHost,
        {
          disk,
          printsLogs: true,
          hasOnlyLocked: false,
          rootPartition: undefined,
          repairs: undefined,
          removableLoader: 'BOOTX64.EFI',
        },
        {},
      );
      await zerofree.run(stageHost, { disk }, state);
      return { log };
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      return { log, failure };
    }
  }

  function file(path: string, content = ''): string {
    mkdirSync(dirname(join(system, path)), { recursive: true });
    writeFileSync(join(system, path), content);
    return join(system, path);
  }

  function link(target: string, path: string): void {
    mkdirSync(dirname(join(system, path)), { recursive: true });
    symlinkSync(target, join(system, path));
  }

  const makeExt4 = (MiBs = 48) =>
    makeDisk(disk, 'dos', [{ type: 'L', size: MiBs, fileSystem: 'ext4', content: system }]);

  const device = () => `${disk}?offset=${MiB}`;
  const debugfs = (...requests: string[]) =>
    program('debugfs', ['-w', '-f', '-', device()], `${requests.join('\n')}\n`);

  describe('ext4, cleaned without root', () => {
    it('keeps to the image where every link leads out of it', async () => {
      const up = '../'.repeat(20);
      for (const [target, path] of [
        [join(outside, 'installer'), 'var/log/installer'],
        [`${up}${outside}/anaconda`, 'var/log/anaconda'],
        [outside, 'root'],
        [`/proc/self/root${outside}`, 'var/adm'],
        [join(outside, 'log'), 'var/lib'],
      ] as const) {
        link(target, path);
      }
      makeExt4();
      const { log, failure } = await cleaned();
      expect(failure).to.be.undefined;
      expect(log.join('\n')).not.to.contain('of the host');
    });

    it('is not held up by links in circles, ten thousand of them, or files that are none', async () => {
      link('anaconda', 'var/log/anaconda');
      link('../log/installer', 'var/log/YaST2');
      link('loop-b', 'var/adm');
      link('var/adm', 'loop-b');
      for (let count = 0; count < 10_000; count++) link(outside, `var/log/installer/link-${count}`);
      program('mkfifo', [join(system, 'var/log/installer/fifo')]);
      file('etc/passwd', 'kept');
      linkSync(join(system, 'etc/passwd'), join(system, 'var/log/installer/hard-link'));
      linkSync(join(system, 'etc/passwd'), file('root/x').replace(/x$/, 'anaconda-ks.cfg'));
      program('perl', [
        '-MIO::Socket::UNIX',
        '-e',
        'chdir shift; IO::Socket::UNIX->new(Local => "socket", Listen => 1)',
        join(system, 'var/log/installer'),
      ]);
      makeExt4();
      debugfs(
        'cd /var/log/installer',
        'mknod device b 7 0',
        'mknod zero c 1 5',
        'set_inode_field hard-link mode 0104755',
      );
      const { log, failure } = await cleaned();
      expect(failure).to.be.undefined;
      expect(log.join('\n')).to.match(/^info: Removed .*\/var\/log\/installer/m);
      expect(program('debugfs', ['-R', 'cat /etc/passwd', device()])).to.equal('kept');
      program('e2fsck', ['-f', '-n', device()]);
    });

    it('reads names as names, whatever they look like', async () => {
      for (const name of [
        '?offset=0',
        '-rf',
        '--',
        '*',
        '"',
        `'`,
        ' ',
        '\\',
        '$(id)',
        '`id`',
        '!sh',
        '<2>',
        '|cat',
        '#',
        ';',
      ]) {
        file(`var/log/installer/${name}/${name}`, 'x');
        link(outside, `var/log/installer/${name}/link`);
      }
      makeExt4();
      expect((await cleaned()).failure).to.be.undefined;
      program('e2fsck', ['-f', '-n', device()]);
    });

    it('refuses names with a line break: what debugfs says of them can look like anything', async () => {
      file('var/log/installer/x\ndebugfs: ls -p "');
      makeExt4();
      expect((await cleaned()).failure?.message).to.match(/holds a (line break|control character)/);
    });

    it('says that a log is too long instead of reading 2^40 bytes', async () => {
      file('var/log/installer/syslog', 'x');
      truncateSync(join(system, 'var/log/installer/syslog'), 2 ** 40);
      makeExt4();
      const { log, failure } = await cleaned();
      expect(failure).to.be.undefined;
      expect(log).to.include(`info: Content of /var/log/installer/syslog:\n(${2 ** 40} bytes: too long to be shown)`);
    });

    it('shows what would steer a terminal', async () => {
      file('var/log/installer/syslog', 'one\x1b]0;title\x07\n\ttwo\x9b2J\x00\r');
      makeExt4();
      const shown: string[] = [];
      const { log } = await cleaned();
      const stream = new EventStream((text) => text, [lineReader((text) => shown.push(text), 'normal')]);
      for (const line of log) stream.info(line);
      expect(shown.join('')).to.contain('one\\x1b]0;title\\x07\n\ttwo\\x9b2J');
      expect(shown.join('')).not.to.match(/(?![\n\t])\p{Cc}/u);
    });

    describe('with directories that no kernel has written', () => {
      /** Makes a directory of these entries: it is written as a file, which is then called a directory. */
      async function directoryOf(entries: readonly Buffer[]): Promise<{ log: string[]; failure?: Failure }> {
        file('var/log/installer', '');
        writeFileSync(join(system, 'var/log/installer'), Buffer.concat(entries));
        makeDisk(disk, 'dos', [{ type: 'L', size: 96 }]);
        const options = ['-q', '-F', '-t', 'ext4', '-O', '^metadata_csum,^dir_index', '-b', '1024', '-d', system];
        program('mke2fs', [...options, '-E', `offset=${MiB}`, disk, '96m']);
        debugfs('set_inode_field /var/log/installer mode 040755');
        return cleaned();
      }

      it('of a million entries', async () => {
        const block = Buffer.concat(Array.from({ length: 64 }, (_, index) => entry(11, `n${index}`, 16)));
        const { failure } = await directoryOf(Array.from({ length: 2 ** 20 / 64 }, () => block));
        expect(failure?.message).to.match(/more than 20000 files: no installer does that|damaged|failed with/);
      });

      it('that hold themselves', async () => {
        file('var/log/installer/x');
        makeExt4();
        debugfs('ln /var/log/installer /var/log/installer/self');
        const { failure } = await cleaned();
        expect(failure?.message).to.match(/is damaged: .* is a directory twice/);
      });

      it('with names that climb', async () => {
        file('etc/passwd', 'kept');
        const { failure } = await directoryOf([entry(12, '../../../etc/passwd', 1024)]);
        expect(failure?.message).to.match(/holds a line break or a slash/);
        expect(program('debugfs', ['-R', 'cat /etc/passwd', device()])).to.equal('kept');
      });
    });

    it(`with damaged metadata are cleaned or refused with a clear error (seed ${seed})`, async () => {
      for (let count = 0; count < 40; count++)
        file(`var/log/installer/log-${count}`, `line ${count}\n`.repeat(50 * count));
      for (let count = 0; count < 200; count++) file(`usr/share/doc/package-${count}/copyright`, 'kept\n');
      file('etc/fstab', 'kept');
      const random = randomNumbers(seed);
      const tally = new Map<string, { cleaned: number; refused: number }>();
      let slowest = 0;
      for (const features of ['metadata_csum', '^metadata_csum']) {
        makeDisk(disk, 'dos', [{ type: 'L', size: 16 }]);
        const options = ['-q', '-F', '-t', 'ext4', '-O', features, '-b', '1024', '-d', system, '-E', `offset=${MiB}`];
        program('mke2fs', [...options, disk, '16m']);
        const good = `${disk}.good`;
        copyFileSync(disk, good);
        for (const [kind, blocks] of Object.entries(metadata())) {
          const counts = tally.get(kind) ?? { cleaned: 0, refused: 0 };
          tally.set(kind, counts);
          for (let count = 0; count < damaged; count++) {
            copyFileSync(good, disk);
            damage(disk, random, () => MiB + blocks[random(blocks.length)]! * 1024 + random(1024));
            const begin = Date.now();
            const { failure } = await cleaned();
            slowest = Math.max(slowest, Date.now() - begin);
            if (failure) {
              counts.refused++;
              expect(failure.message).to.match(/disk\.raw|file name .* in the image/);
              expect(failure.message.length).to.be.greaterThan(disk.length + 20);
            } else {
              counts.cleaned++;
              program('e2fsck', ['-f', '-n', device()]);
            }
          }
        }
      }
      for (const [kind, counts] of tally)
        console.log(`        ${kind}: ${counts.cleaned} cleaned, ${counts.refused} refused`);
      console.log(`        the slowest took ${slowest} ms`);
      const all = [...tally.values()].reduce((sum, counts) => sum + counts.cleaned + counts.refused, 0);
      expect(all).to.equal(2 * tally.size * damaged);
      expect(slowest).to.be.lessThan(5 * 60_000);
    });
  });

  /** The blocks (of 1024 bytes) of each kind of metadata. */
  function metadata(): Record<string, number[]> {
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
    // dumpe2fs of e2fsprogs 1.47.2 wants something to be there by this name.
    symlinkSync(device().replace(/\?offset=\d+$/, ''), device());
    const told = program('dumpe2fs', [device()]);
    unlinkSync(device());
    const tables = [...told.matchAll(/Inode table at (\d+)-(\d+)/g)].flatMap(([, from]) =>
      range(Number(from), Number(from) + 40),
    );
    const descriptors = [...told.matchAll(/Group descriptors at (\d+)-(\d+)/g)].flatMap(([, from, to]) =>
      range(Number(from), Number(to)),
    );
    const blocksOf = (path: string) =>
      program('debugfs', ['-R', `blocks ${path}`, device()])
        .trim()
        .split(/\s+/)
        .map(Number);
    return {
      superblock: [1],
      'group descriptors': descriptors,
      'inode tables and extent trees': tables,
      'directory blocks': ['/', '/var', '/var/log', '/var/log/installer', '/etc', '/usr/share/doc'].flatMap(blocksOf),
      journal: blocksOf('<8>').slice(0, 8),
    };
  }

  describe('partition tables', () => {
    const gpt = (lines: string) => makeTable(`label: gpt\n${lines}`);
    const mbr = (lines: string) => makeTable(`label: dos\n${lines}`);

    function makeTable(script: string): void {
      writeFileSync(disk, '');
      truncateSync(disk, 64 * MiB);
      program('sfdisk', ['--quiet', '--no-tell-kernel', '--force', disk], script);
    }

    /** Bytes of the first entry of the MBR: its status, CHS, type, CHS, first sector and number of sectors. */
    function mbrEntry(index: number, type: number, start: number, sectors: number): void {
      const bytes = Buffer.alloc(16);
      bytes[4] = type;
      bytes.writeUInt32LE(start >>> 0, 8);
      bytes.writeUInt32LE(sectors >>> 0, 12);
      poke(disk, 446 + 16 * index, bytes);
    }

    const tables: Record<string, () => void> = {
      'of overlapping partitions': () => {
        mbr('type=83, start=2048, size=20480');
        mbrEntry(1, 0x83, 2049, 20480);
        mbrEntry(2, 0x83, 1, 60000);
      },
      'of partitions beyond the end': () => {
        mbr('type=83, start=2048, size=2048');
        mbrEntry(0, 0x83, 2 ** 31, 2 ** 31);
      },
      'of negative partitions': () => {
        mbr('type=83, start=2048, size=2048');
        mbrEntry(0, 0x83, -1, -2048);
        mbrEntry(1, 0x83, 4096, -1);
      },
      'of partitions without sectors': () => {
        mbr('type=83, start=2048, size=2048');
        mbrEntry(0, 0x83, 2048, 0);
      },
      'of extended partitions in a circle': () => {
        mbr('type=5, start=2048, size=20480');
        mbrEntry(0, 5, 2048, 20480);
        const ebr = Buffer.alloc(512);
        ebr[446 + 4] = 0x83;
        ebr.writeUInt32LE(1, 446 + 8);
        ebr.writeUInt32LE(100, 446 + 12);
        ebr[462 + 4] = 5;
        ebr.writeUInt32LE(0, 462 + 8);
        ebr.writeUInt32LE(20480, 462 + 12);
        ebr.writeUInt16LE(0xaa55, 510);
        poke(disk, 2048 * 512, ebr);
      },
      'of a protective MBR alone': () => {
        mbr('type=ee, start=1, size=131071');
      },
      'of 10,000 partitions': () => {
        mbr('type=ee, start=1, size=131071');
        gptOf(10_000, disk);
      },
      'of names that are no text': () => {
        gpt('start=2048, size=2048, name="x"');
        for (const at of [2 * 512 + 56, 64 * MiB - 33 * 512 + 56]) {
          poke(
            disk,
            at,
            Buffer.from([0x22, 0, 0x0a, 0, 0x5c, 0, 0x1b, 0, 0x00, 0xd8, 0x00, 0xdc, 0x00, 0xd8, 0xff, 0xff]),
          );
        }
      },
      'of nothing but noise': () => {
        writeFileSync(disk, Buffer.alloc(8 * MiB, 0xa5));
      },
    };
    for (const [title, make] of Object.entries(tables)) {
      it(`${title} are refused with a clear error`, async () => {
        make();
        const begin = Date.now();
        const { failure } = await cleaned();
        expect(failure?.message).to.match(
          /no partitions|no root file system|partitions on the disk|partition table|can't read /,
        );
        expect(failure?.message).not.to.match(/(?![\n\t])\p{Cc}/u);
        expect(Date.now() - begin).to.be.lessThan(5 * 60_000);
      });
    }

    it('may lead to a file system with any label and UUID', async () => {
      file('var/log/installer/syslog', 'x');
      makeExt4();
      for (const label of ['\n$(id)\n', "'; id; '", '\x1b[2J"\\', 'TYPE="xfs"\nTYPE=']) {
        const bytes = Buffer.alloc(16);
        bytes.write(label, 'latin1');
        poke(disk, MiB + 1024 + 120, bytes);
        const { failure } = await cleaned();
        // A checksum over the superblock notices that it was changed, where there is one.
        if (failure) expect(failure.message).to.contain(disk);
        expect(failure?.message ?? '').not.to.match(/(?![\n\t])\p{Cc}/u);
      }
    });
  });

  describe('xfs and btrfs, through the helper', () => {
    before(function () {
      const reason = obstacle('mkfs.xfs', 'mkfs.btrfs', 'losetup');
      if (reason !== undefined) {
        console.log(`      skipped: ${reason}; run: sudo make check`);
        this.skip();
      }
    });

    for (const type of ['xfs', 'btrfs'] satisfies FileSystem[]) {
      it(`keeps to the ${type} where everything in it is meant to confuse`, async () => {
        rawDisk(disk, type, (root) => {
          system = root;
          link(join(outside, 'root'), 'root');
          link(join(outside, 'log'), 'var/adm');
          link(join(outside, 'installer'), 'var/log/YaST2');
          link('anaconda', 'var/log/anaconda');
          for (let count = 0; count < 10_000; count++) link(outside, `var/log/installer/${count}`);
          for (const name of ['line\nbreak', '?offset=0', '-rf', '*', '"', `'`])
            file(`var/log/installer/${name}/${name}`);
          truncateSync(file('var/log/anaconda.log', 'one\x1b[2J'), 2 ** 40);
          program('mkfifo', [join(root, 'var/log/anaconda.fifo')]);
          program('mknod', [join(root, 'var/log/anaconda.device'), 'b', '7', '0']);
          linkSync(file('etc/passwd', 'kept'), join(root, 'var/log/anaconda.link'));
        });
        onePartition(disk, offset, size);
        const { log, failure } = await cleaned();
        expect(failure).to.be.undefined;
        expect(log.join('\n')).to.contain('/var/log/installer').and.not.to.contain('of the host');
      });

      it(`cleans a damaged ${type}, or refuses it with a clear error (seed ${seed})`, async () => {
        rawDisk(disk, type, (root) => {
          system = root;
          for (let count = 0; count < 200; count++)
            file(`var/log/installer/log-${count}`, `line ${count}\n`.repeat(100));
        });
        onePartition(disk, offset, size);
        const good = `${disk}.good`;
        program('cp', ['--sparse=always', disk, good]);
        const used = dataRanges(good).filter(([from]) => from >= offset);
        const random = randomNumbers(seed);
        const counts = { cleaned: 0, refused: 0 };
        let slowest = 0;
        for (let count = 0; count < damaged; count++) {
          program('cp', ['--sparse=always', good, disk]);
          // Seldom the superblock itself: then nothing is mounted at all.
          const [from, to] = used[count % 10 === 0 ? 0 : random(used.length)]!;
          damage(disk, random, () => from + random(to - from));
          const begin = Date.now();
          const { failure } = await cleaned();
          slowest = Math.max(slowest, Date.now() - begin);
          counts[failure ? 'refused' : 'cleaned']++;
          if (failure)
            expect(failure.message).to.match(
              /image-factory-sudo-helper: (refused: (no |a btrfs of more than one device)|cannot )|can't read /,
            );
        }
        console.log(
          `        ${type}: ${counts.cleaned} cleaned, ${counts.refused} refused, the slowest took ${slowest} ms`,
        );
        expect(slowest).to.be.lessThan(5 * 60_000);
      });
    }
  });
});

/** Puts one to eight runs of random bytes somewhere. */
function damage(file: string, random: (below: number) => number, somewhere: () => number): void {
  for (let runs = 1 + random(8); runs > 0; runs--) {
    poke(file, somewhere(), Buffer.from(Array.from({ length: 1 + random(16) }, () => random(256))));
  }
}

function poke(file: string, position: number, bytes: Buffer): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, bytes.length, position);
  closeSync(handle);
}

/** An ext4 directory entry (struct ext4_dir_entry_2) of so many bytes. */
function entry(inode: number, name: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(inode, 0);
  bytes.writeUInt16LE(length, 4);
  bytes.writeUInt8(name.length, 6);
  bytes.write(name, 8, 'latin1');
  return bytes;
}

/** Where a file has data that are not all zeros: pieces of 4096 bytes. */
function dataRanges(file: string): [from: number, to: number][] {
  const content = readFileSync(file);
  const ranges: [number, number][] = [];
  for (let from = offset; from + 4096 <= content.length; from += 4096) {
    if (content.subarray(from, from + 4096).some((byte) => byte !== 0)) ranges.push([from, from + 4096]);
  }
  return ranges;
}

/** Writes a disk with so many partitions of a sector (UEFI specification 2.10, chapter 5.3): sfdisk takes minutes. */
function gptOf(count: number, disk: string): void {
  const entries = Buffer.alloc(count * 128);
  const last = 131_071;
  for (let index = 0; index < count; index++) {
    Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex').copy(entries, index * 128);
    entries.writeUInt32LE(index + 1, index * 128 + 16);
    for (const at of [32, 40]) entries.writeUInt32LE(8192 + index, index * 128 + at);
  }
  const header = Buffer.alloc(92);
  header.write('EFI PART');
  const fields = { 8: 0x10000, 12: 92, 24: 1, 32: last, 40: 8192, 48: last - 4096, 56: 1, 72: 2, 80: count, 84: 128 };
  for (const [at, value] of Object.entries(fields)) header.writeUInt32LE(value, Number(at));
  header.writeUInt32LE(crc32(entries), 88);
  header.writeUInt32LE(crc32(header), 16);
  poke(disk, 512, header);
  poke(disk, 1024, entries);
}

function crc32(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
