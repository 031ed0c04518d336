import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkImage, repairImage } from '../../src/golden/check-image.js';
import { rulesWithout } from '../../src/golden/check.js';
import { program } from '../support/disk.js';
import { testHost } from '../support/host.js';
import { obstacle } from '../support/sudo-helper.js';
import { checkVolume, inVolume, put, systemDisk } from '../support/system-disk.js';

const esp = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';

describe('the check of an image with several volumes', function () {
  this.timeout(20 * 60_000);

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
    directory = mkdtempSync(join(tmpdir(), 'golden volumes-'));
    disk = join(directory, 'disk.raw');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  for (const type of ['xfs', 'btrfs'] as const) {
    it(`finds what is on each of them, and repairs ${type} as far as the sudo helper does`, async () => {
      const extents = systemDisk(disk, 'gpt', [
        { type: esp, size: 8, fileSystem: 'vfat' },
        {
          type: 'L',
          size: 300,
          fileSystem: type,
          fill: (mounted) => {
            const root = type === 'btrfs' ? join(mounted, '@') : mounted;
            if (type === 'btrfs') program('btrfs', ['subvolume', 'create', root]);
            put(root, 'etc/os-release', 'ID=rocky\n');
            put(root, 'usr/lib/systemd/system/sshd-keygen@.service', '[Unit]\n');
            put(root, 'etc/fstab', `/dev/vda2 / ${type} defaults 0 0\n/dev/vda3 /home ext4 defaults 0 0\n`);
            put(root, 'etc/machine-id', '0123456789abcdef0123456789abcdef\n');
            put(root, 'etc/ssh/ssh_host_rsa_key', 'key of the host');
            put(root, 'etc/ssh/sshd_config', 'Port 22\n');
            put(root, 'etc/shadow', 'root::19000::::::\n');
            put(root, 'var/log/messages', 'a line of the build\n');
            put(root, 'root/.ssh/id_rsa', 'private');
            put(root, 'home/hidden/.bash_history', 'below what is mounted over it');
          },
        },
        {
          type: 'L',
          size: 32,
          fileSystem: 'ext4',
          fill: (root) => {
            put(root, 'bob/.bash_history', 'secret --password');
            put(root, 'bob/.bashrc', 'stays');
          },
        },
      ]);
      const [bootLoader, root, home] = extents;
      program('mmd', ['-i', `${disk}@@${bootLoader!.start}`, '::/loader']);
      program('mcopy', ['-i', `${disk}@@${bootLoader!.start}`, '-', '::/loader/random-seed'], 'seed');
      const how = { rules: rulesWithout(['no-ssh-server', 'no-time-service']), scratch: directory };
      const before = program('sha256sum', [disk]);
      const found = await checkImage(testHost(), disk, how);
      expect(program('sha256sum', [disk])).to.equal(before);
      const seen = (list: readonly { rule: string; path: string }[]) => list.map(({ rule, path }) => `${rule} ${path}`);
      const repairable = [
        'machine-id /etc/machine-id',
        'ssh-host-keys /etc/ssh/ssh_host_rsa_key',
        'logs /var/log/messages',
        'shell-history /home/bob/.bash_history',
      ];
      const yours = ['empty-password /etc/shadow', 'private-keys /root/.ssh/id_rsa'];
      // The helper changes no lines of files.
      const lines = ['fstab-devices /etc/fstab', 'fstab-devices /etc/fstab'];
      const seeds = seen(found).filter((text) => /random-seed/.test(text));
      expect(seeds).to.have.length(1);
      expect(seen(found).filter((text) => !seeds.includes(text))).to.have.members([...repairable, ...yours, ...lines]);

      const copy = join(directory, 'copy.raw');
      const { repaired, left } = await repairImage(testHost(), disk, copy, how);
      expect(seen(repaired)).to.have.members([...repairable, ...seeds]);
      expect(seen(left)).to.have.members([...yours, ...lines]);
      checkVolume(copy, root!, type);
      checkVolume(copy, home!, 'ext4');
      inVolume(copy, root!, type, (mounted) => {
        const at = (path: string) => join(mounted, type === 'btrfs' ? '@' : '.', path);
        expect(readFileSync(at('etc/machine-id'), 'utf8')).to.equal('');
        expect(readFileSync(at('var/log/messages'), 'utf8')).to.equal('');
        expect(existsSync(at('etc/ssh/ssh_host_rsa_key'))).to.be.false;
        expect(readFileSync(at('etc/ssh/sshd_config'), 'utf8')).to.equal('Port 22\n');
      });
      for (const gone of ['key of the host', 'secret --password']) {
        expect(readFileSync(copy).includes(gone), gone).to.be.false;
      }
    });
  }
});
