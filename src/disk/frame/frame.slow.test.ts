import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { program } from '../../../test/support/disk.js';
import { testHost } from '../../../test/support/host.js';
import { rootOnly } from '../../../test/support/layer-store.js';
import { checkVolume, inVolume, put, systemDisk, type Extent } from '../../../test/support/system-disk.js';
import { copyMounted, copySystem } from '../copy-system.js';
import { fillFrame } from './fill-frame.js';
import { takeFrame } from './frame.js';

describe('the frame of a disk with btrfs', () => {
  let scratch: string;
  before(function () {
    rootOnly(this);
  });
  beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), 'frame-'))));
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  const subvolumes = (root: string) =>
    program('btrfs', ['subvolume', 'list', root])
      .split('\n')
      .flatMap((line) => / path (.+)$/.exec(line)?.[1] ?? []);

  /** Fills a disk with these subvolumes, derives from it, and looks at the disk that comes of it. */
  async function filled(fill: (root: string) => void, look: (root: string) => void): Promise<void> {
    const [disk, tree, frame, output] = ['disk.raw', 'tree', 'frame', 'output.raw'].map((name) =>
      join(scratch, name),
    ) as [string, string, string, string];
    const [extent] = systemDisk(disk, 'gpt', [{ type: 'linux', size: 200, fileSystem: 'btrfs', fill }]) as [Extent];
    mkdirSync(tree);
    const host = testHost();
    await copySystem(host, disk, tree, copyMounted, (volumes, system) => takeFrame(volumes, system, frame));
    put(tree, 'home/new', 'new\n');
    await fillFrame(host, { frame, tree, output, epoch: undefined });
    checkVolume(output, extent, 'btrfs');
    inVolume(output, extent, 'btrfs', look);
  }
  const create = (root: string, paths: readonly string[]) => {
    for (const path of paths) program('btrfs', ['subvolume', 'create', join(root, path)]);
  };
  const fstab = (lines: readonly string[]) => lines.map((line) => `LABEL=root ${line} 0 0\n`).join('');

  it('has subvolumes again, each with what the system mounts from it', async () => {
    await filled(
      (root) => {
        program('btrfs', ['filesystem', 'label', root, 'root']);
        create(root, ['root', 'home', 'other']);
        put(root, 'root/etc/fstab', fstab(['/ btrfs subvol=root', '/home btrfs subvol=home']));
        put(root, 'root/etc/os-release', 'ID=fedora\n');
        put(root, 'home/old', 'old\n');
        mkdirSync(join(root, 'root/home'));
      },
      (root) => {
        expect(subvolumes(root)).to.have.members(['root', 'home']);
        expect(readFileSync(join(root, 'home/old'), 'utf8') + readFileSync(join(root, 'home/new'), 'utf8')).to.equal(
          'old\nnew\n',
        );
        expect(existsSync(join(root, 'root/etc/fstab')) && !existsSync(join(root, 'root/home/old'))).to.equal(true);
      },
    );
  });

  it('has its default subvolume again, and no copy of a snapshot', async () => {
    const snapshot = '@/.snapshots/1/snapshot';
    await filled(
      (root) => {
        program('btrfs', ['filesystem', 'label', root, 'root']);
        create(root, ['@', '@/home', '@/.snapshots']);
        for (const number of ['1', '2']) mkdirSync(join(root, '@/.snapshots', number));
        create(root, [snapshot, '@/.snapshots/2/snapshot']);
        const lines = fstab([
          '/ btrfs defaults',
          '/home btrfs subvol=/@/home',
          '/.snapshots btrfs subvol=/@/.snapshots',
        ]);
        for (const number of ['1', '2']) put(root, `@/.snapshots/${number}/snapshot/etc/fstab`, lines);
        put(root, '@/.snapshots/1/info.xml', 'info\n');
        for (const path of ['home', '.snapshots']) mkdirSync(join(root, snapshot, path));
        program('btrfs', ['subvolume', 'set-default', join(root, snapshot)]);
      },
      (root) => {
        expect(subvolumes(root)).to.have.members(['@', '@/home', '@/.snapshots', snapshot]);
        expect(program('btrfs', ['subvolume', 'get-default', root])).to.include(` path ${snapshot}`);
        expect(existsSync(join(root, snapshot, 'etc/fstab'))).to.equal(true);
        expect(readFileSync(join(root, '@/.snapshots/1/info.xml'), 'utf8')).to.equal('info\n');
        expect(existsSync(join(root, '@/.snapshots/2/snapshot/etc'))).to.equal(false);
        expect(readFileSync(join(root, '@/home/new'), 'utf8')).to.equal('new\n');
      },
    );
  });
});
