import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { program } from '../support/disk.js';
import { obstacle } from '../support/sudo-helper.js';
import { found, inVolume, put } from '../support/system-disk.js';
import { emptyXfsLog } from '../../src/disk/xfs-log.js';

const MiB = 2 ** 20;
const volume = { start: 3 * MiB, end: 303 * MiB };
const size = volume.end - volume.start;

describe('the log of an xfs', function () {
  // A machine that runs tests may be busy.
  this.timeout(10 * 60_000);

  let directory: string;
  let disk: string;
  before(function () {
    const reason = obstacle('mkfs.xfs', 'xfs_repair', 'xfs_logprint', 'losetup');
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}; run: sudo make check`);
      this.skip();
    }
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'xfs log-'));
    disk = join(directory, 'disk.raw');
    writeFileSync(disk, '');
    truncateSync(disk, volume.end + MiB);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function onDevice<T>(action: (device: string) => T): T {
    const where = ['-o', String(volume.start), '--sizelimit', String(size)];
    const device = program('losetup', ['--find', '--show', '--read-only', ...where, disk]).trim();
    try {
      return action(device);
    } finally {
      program('losetup', ['--detach', device]);
    }
  }

  function make(...options: string[]): void {
    const file = join(directory, 'alone');
    writeFileSync(file, '');
    truncateSync(file, size);
    // With these, mkfs.xfs also makes logs that are too small for use.
    program('env', ['TEST_DIR=x', 'TEST_DEV=x', 'QA_CHECK_FS=x', 'mkfs.xfs', '-q', '-f', ...options, file]);
    program('dd', [`if=${file}`, `of=${disk}`, 'bs=1M', 'seek=3', 'conv=notrunc,sparse', 'status=none']);
  }

  const stretch = () => ({ file: disk, offset: volume.start, size });
  const removed = () => found(disk, ['NAME-OF-A-REMOVED', 'WHERE-A-REMOVED-LINK-LED']);

  /** Makes and removes so many directories of files. */
  const change = (rounds: number) => (root: string) => {
    for (let round = 0; round < rounds; round++) {
      const removed = join(root, `directory-${round}`);
      mkdirSync(removed);
      for (let index = 0; index < 100; index++) put(removed, `NAME-OF-A-REMOVED-FILE-${round}-${index}`);
      symlinkSync('WHERE-A-REMOVED-LINK-LED', join(removed, 'link'));
      program('sync', ['--file-system', root]);
      rmSync(removed, { recursive: true });
    }
    put(root, 'stays', 'kept');
  };

  const formats: Record<string, readonly [rounds: number, ...options: string[]]> = {
    'that was never written to its end': [3],
    'in which the oldest records were written over': [60, '-d', 'agcount=1', '-l', 'size=7m'],
    'with records of 256 KiB, on a stripe unit': [20, '-l', 'version=2,su=65536'],
  };
  for (const [title, [rounds, ...options]] of Object.entries(formats)) {
    it(`${title} tells nothing of what was removed, and the kernel and xfs_repair take it for clean`, async () => {
      make(...options);
      inVolume(disk, volume, 'xfs', change(rounds));
      inVolume(disk, volume, 'xfs', (root) => program('fstrim', [root]));
      expect(removed()).to.include('NAME-OF-A-REMOVED');
      expect(await emptyXfsLog(stretch())).to.be.true;
      expect(removed()).to.deep.equal([]);
      expect(onDevice((device) => program('xfs_logprint', ['-t', device]))).to.contain('<CLEAN>');
      onDevice((device) => program('xfs_repair', ['-n', '-o', 'force_geometry', device]));
      // Mounted, changed and unmounted again, it is whole.
      inVolume(disk, volume, 'xfs', (root) => {
        expect(program('cat', [join(root, 'stays')])).to.equal('kept');
        change(2)(root);
      });
      onDevice((device) => program('xfs_repair', ['-n', '-o', 'force_geometry', device]));
      expect(await emptyXfsLog(stretch())).to.be.true;
    });
  }

  it('is left alone where it was not unmounted', async () => {
    make();
    const copy = join(directory, 'copy');
    inVolume(disk, volume, 'xfs', (root) => {
      change(1)(root);
      program('sync', ['--file-system', root]);
      program('cp', ['--sparse=always', disk, copy]);
    });
    const before = program('sha256sum', [copy]);
    expect(await emptyXfsLog({ ...stretch(), file: copy })).to.be.false;
    expect(program('sha256sum', [copy])).to.equal(before);
  });

  it('is not looked for where there is no xfs', async () => {
    expect(await emptyXfsLog(stretch())).to.be.false;
  });
});
