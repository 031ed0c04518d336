import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { rejection, testHost } from '../../test/support/host.js';
import { ExtFileSystem } from './ext-file-system.js';
import { makeDisk, program } from '../../test/support/disk.js';

const offset = 2 ** 20;

describe('ExtFileSystem', () => {
  let directory: string;
  let system: string;
  let disk: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ext file system-'));
    disk = join(directory, 'disk.raw');
    system = join(directory, 'system');
    mkdirSync(system);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function file(path: string, content = ''): void {
    mkdirSync(dirname(join(system, path)), { recursive: true });
    writeFileSync(join(system, path), content);
  }

  /** The file system of a disk that was installed with these files. */
  function installed(type = 'ext4'): ExtFileSystem {
    makeDisk(disk, 'dos', [{ type: 'L', size: 24, fileSystem: type, content: system }]);
    return new ExtFileSystem(testHost(), disk, { offset });
  }

  const device = () => `${disk}?offset=${offset}`;

  /** What debugfs says to a request. */
  const ask = (request: string) => program('debugfs', ['-R', request, device()]);

  const checkIsClean = () => program('e2fsck', ['-f', '-n', device()]);

  it('handles ext2, ext3 and ext4, and nothing else', () => {
    const handled = ['ext2', 'ext3', 'ext4', 'xfs', 'ext4dev', undefined].filter((fileSystem) =>
      ExtFileSystem.handles({ fileSystem }),
    );
    expect(handled).to.deep.equal(['ext2', 'ext3', 'ext4']);
  });

  it('knows what is there', async () => {
    file('etc/fstab');
    const root = installed();
    expect(
      await Promise.all(['/etc/fstab', '/etc', '/etc/passwd', '/usr/lib/x'].map((path) => root.has(path))),
    ).to.deep.equal([true, true, false, false]);
  });

  it("gives the installer's logs as they are", async () => {
    file('var/log/installer/syslog', 'Nov 21 one\n\n  ü two\n');
    file('var/log/installer/partman', 'not asked for');
    file('root/anaconda-ks.cfg', 'lang en_US\n');
    file('var/log/anaconda.log', 'three');
    file('var/log/anaconda/storage log "1"', 'four');
    mkdirSync(join(system, 'var/log/anaconda/lvm'));
    const logs: Record<string, string> = {};
    for await (const { path, content } of installed().logs()) logs[path] = content;
    expect(Object.keys(logs)).to.have.members([
      '/root/anaconda-ks.cfg',
      '/var/log/anaconda.log',
      '/var/log/anaconda/storage log "1"',
      '/var/log/installer/syslog',
    ]);
    expect(logs['/var/log/installer/syslog']?.trimEnd()).to.equal('Nov 21 one\n\n  ü two');
    expect(logs['/var/log/anaconda/storage log "1"']).to.equal('four');
  });

  describe('removeLeftovers', () => {
    for (const type of ['ext2', 'ext3', 'ext4']) {
      it(`removes what an installer left on ${type}, whatever it is called, and leaves all else alone`, async () => {
        const names = [
          'with blanks  and more',
          '"quoted"',
          "it's",
          'ünïcödé',
          '-rf',
          '*',
          '\\',
          '$HOME',
          '#1',
          '<2>',
          '/a',
        ];
        for (const name of names) file(`var/log/installer/${name}/${name.replace('/', '')}`, name);
        file(`var/lib/YaST2/${'deep/'.repeat(20)}file`);
        file('root/install.log');
        file('root/install.log.syslog');
        file('root/anaconda-ks.cfg');
        file('var/log/anaconda.program.log');
        file('var/log/syslog', 'kept');
        file('root/installed', 'kept');
        file('etc/passwd', 'kept');
        symlinkSync('/etc', join(system, 'var/log/installer/to-etc'));
        symlinkSync('../syslog', join(system, 'var/log/installer/to-syslog'));
        linkSync(join(system, 'etc/passwd'), join(system, 'var/log/installer/hard-link'));
        program('mkfifo', [join(system, 'var/log/installer/fifo')]);
        const root = installed(type);
        expect(await root.removeLeftovers()).to.have.members([
          '/root/anaconda-ks.cfg',
          '/root/install.log',
          '/root/install.log.syslog',
          '/var/lib/YaST2',
          '/var/log/anaconda.program.log',
          '/var/log/installer',
        ]);
        checkIsClean();
        expect(await root.has('/var/log/installer')).to.be.false;
        for (const kept of ['/var/log/syslog', '/root/installed', '/etc/passwd']) {
          expect(ask(`cat ${kept}`), kept).to.equal('kept');
        }
        expect(ask('stat /etc/passwd')).to.match(/Links: 1\b/);
        expect(await root.removeLeftovers()).to.deep.equal([]);
      });
    }

    it('finds nothing on a clean system, and changes nothing', async () => {
      file('etc/passwd', 'kept');
      const root = installed();
      const { lines } = (root.host as ReturnType<typeof testHost>).log;
      const before = readFileSync(disk);
      expect(await root.removeLeftovers()).to.deep.equal([]);
      expect(lines.filter((line) => line.includes('Calling e2fsck'))).to.deep.equal([]);
      // Not even the superblock, in which e2fsck would note that it was here.
      expect(readFileSync(disk).equals(before)).to.be.true;
    });

    it('removes a leftover that is no directory but a link to one', async () => {
      file('srv/logs/syslog', 'kept');
      mkdirSync(join(system, 'var/log'), { recursive: true });
      symlinkSync('/srv/logs', join(system, 'var/log/installer'));
      const root = installed();
      expect(await root.removeLeftovers()).to.deep.equal(['/var/log/installer']);
      checkIsClean();
      expect(ask('cat /srv/logs/syslog')).to.equal('kept');
    });

    for (const [title, name] of [
      ['a line break', 'line\nbreak'],
      ['an escape sequence', 'red\x1b[31m'],
    ] as const) {
      it(`refuses a name with ${title}, having removed nothing`, async () => {
        file(`var/log/installer/${name}`);
        file('var/log/installer/syslog', 'kept');
        const root = installed();
        const error = await rejection(root.removeLeftovers());
        expect(error).to.be.instanceOf(Failure);
        expect((error as Failure).message).to.match(
          /file name .* (line break or a slash|control character) and can't be handled/,
        );
        expect((error as Failure).message).not.to.match(/\p{Cc}/u);
        expect(ask('cat /var/log/installer/syslog')).to.equal('kept');
      });
    }

    it('replays the journal of a guest that did not unmount', async () => {
      file('var/log/installer/syslog');
      file('etc/hostname', 'old');
      const root = installed();
      // A block that was written to the journal only: a committed transaction that waits to be carried out.
      const content = join(directory, 'block');
      writeFileSync(content, Buffer.alloc(1024, 'new'));
      const block = ask('blocks /etc/hostname').trim();
      program('debugfs', ['-w', '-f', '-', device()], `jo\njw -b ${block} "${content}"\njc\n`);
      expect(ask('show_super_stats -h')).to.contain('needs_recovery');
      expect(await root.removeLeftovers()).to.deep.equal(['/var/log/installer']);
      checkIsClean();
      expect(ask('show_super_stats -h')).not.to.contain('needs_recovery');
      expect(ask('cat /etc/hostname')).to.equal('new');
    });

    it('handles names that are no UTF-8, and shows them with their odd bytes', async () => {
      const name = Buffer.from('/p\xe9riph\xe9rique.log', 'latin1');
      mkdirSync(join(system, 'var/log/anaconda'), { recursive: true });
      writeFileSync(Buffer.concat([Buffer.from(join(system, 'var/log/anaconda')), name]), 'what it says');
      const root = installed();
      const logs = [];
      for await (const log of root.logs()) logs.push(log);
      expect(logs).to.deep.equal([{ path: '/var/log/anaconda/p\\xe9riph\\xe9rique.log', content: 'what it says' }]);
      expect(await root.removeLeftovers()).to.deep.equal(['/var/log/anaconda']);
      expect(readFileSync(disk, 'latin1')).not.to.contain('anaconda/');
      checkIsClean();
    });

    it('names the features that an older e2fsprogs does not know, and damages nothing', async () => {
      const root = installed();
      program('debugfs', ['-w', '-R', 'feature FEATURE_I31', device()]);
      const before = program('sha256sum', [disk]);
      const error = (await rejection(root.removeLeftovers())) as Failure;
      expect(error.message).to.match(
        /^the file system .* has features that e2fsprogs of this machine \(.*e2fsck \d.*\) does not know: FEATURE_I31; nothing is damaged$/,
      );
      expect(error.hint).to.contain('newer e2fsprogs');
      expect(program('sha256sum', [disk])).to.equal(before);
    });

    it('fails on a file system that is damaged, and says what to do', async () => {
      file('var/log/installer/syslog', 'x');
      file('etc/passwd', 'y');
      const root = installed();
      // A directory that is gone, with its files: nothing that can be fixed without somebody's decision.
      program('debugfs', ['-w', '-f', '-', device()], 'clri /etc\nset_super_value state 2\n');
      const error = await rejection(root.removeLeftovers());
      expect(error).to.be.instanceOf(Failure);
      expect((error as Failure).message).to.contain(`the file system ${device()} is damaged`);
      expect((error as Failure).hint).to.contain('build the image again');
    });

    it('fails where there is no file system at all', async () => {
      installed();
      const root = new ExtFileSystem(testHost(), disk, { offset: offset + 512 });
      expect(await rejection(root.removeLeftovers())).to.be.instanceOf(Failure);
    });
  });

  it('zeroes what no file uses: the bytes of a file that was removed are nowhere on the disk', async () => {
    const removed = 'THE-SECRET-OF-A-FILE-THAT-IS-GONE';
    const kept = 'THE-CONTENT-OF-A-FILE-THAT-STAYS';
    file('var/log/installer/syslog', `${removed}\n`.repeat(20_000));
    file('srv/kept', `${kept}\n`.repeat(20_000));
    const root = installed();
    // Not in any file: what was there before.
    const handle = openSync(disk, 'r+');
    writeSync(handle, 'BEFORE-THE-PARTITION', 600 * 1024);
    closeSync(handle);
    await root.removeLeftovers();
    expect(readFileSync(disk).includes(removed)).to.be.true;
    await root.zeroFreeBlocks();
    const bytes = readFileSync(disk);
    expect(bytes.includes(removed)).to.be.false;
    expect(bytes.includes(`${kept}\n`.repeat(100))).to.be.true;
    expect(ask('cat /srv/kept')).to.equal(`${kept}\n`.repeat(20_000));
    expect(bytes.includes('BEFORE-THE-PARTITION')).to.be.true;
    checkIsClean();
  });

  it('zeroes a file that the system swaps to after its header', async () => {
    file('swap.img', 'HEADER;'.padEnd(4086, '.') + 'SWAPSPACE2' + 'SWAPPED-OUT;'.repeat(50_000));
    file('stays', 'STAYS;'.repeat(1000));
    const root = installed();
    await root.zeroSwapFile('/swap.img');
    const bytes = readFileSync(disk, 'latin1');
    expect(bytes).not.to.contain('SWAPPED-OUT;');
    expect(bytes).to.contain('HEADER;').and.to.contain('STAYS;');
    await root.zeroSwapFile('/none');
    checkIsClean();
  });
});
