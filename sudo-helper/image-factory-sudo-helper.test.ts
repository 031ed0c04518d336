import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { installerLeftovers, installerLogs } from '../src/disk/installer-leftovers.js';
import { rules } from '../src/golden/rules.js';
import { signs } from '../src/disk/signs.js';
import {
  call,
  inside,
  must,
  obstacle,
  offset,
  rawDisk,
  size,
  taken,
  type FileSystem,
} from '../test/support/sudo-helper.js';

const helper = new URL('./image-factory-sudo-helper', import.meta.url).pathname;
const secret = 'what the installer knew ';

/** What an installer of every family leaves, and two files that must stay. */
function installedSystem(root: string): void {
  for (const directory of ['root', 'etc', 'var/adm/autoinstall/logs', 'var/lib/YaST2', 'var/lib/dpkg']) {
    mkdirSync(join(root, directory), { recursive: true });
  }
  for (const directory of ['anaconda', 'installer', 'YaST2']) {
    mkdirSync(join(root, 'var/log', directory), { recursive: true });
  }
  const leftovers = [
    'root/anaconda-ks.cfg',
    'root/original-ks.cfg',
    'root/install.log',
    'root/install.log.syslog',
    'var/adm/autoinstall/logs/autoyast.log',
    'var/lib/YaST2/install.inf',
    'var/log/anaconda.program.log',
    'var/log/anaconda/packaging.log',
    'var/log/installer/syslog',
    'var/log/installer/status',
    'var/log/YaST2/y2log',
  ];
  for (const file of leftovers) writeFileSync(join(root, file), `${file}\n${secret.repeat(10_000)}\n`);
  writeFileSync(join(root, 'etc/hostname'), 'golden\n');
  writeFileSync(join(root, 'var/log/boot.log'), 'stays\n');
}

/** Whether a text stands anywhere in a raw disk, in a file or in blocks that no file uses any more. */
const holds = (image: string, text: string) =>
  call('grep', ['--text', '--quiet', '--fixed-strings', text, image]).status === 0;

const logs = [
  '/root/anaconda-ks.cfg',
  '/root/install.log',
  '/root/install.log.syslog',
  '/root/original-ks.cfg',
  '/var/adm/autoinstall/logs/autoyast.log',
  '/var/log/YaST2/y2log',
  '/var/log/anaconda.program.log',
  '/var/log/anaconda/packaging.log',
  '/var/log/installer/syslog',
];

const removed = [
  '/root/anaconda-ks.cfg',
  '/root/install.log',
  '/root/install.log.syslog',
  '/root/original-ks.cfg',
  '/var/adm/autoinstall',
  '/var/lib/YaST2',
  '/var/log/YaST2',
  '/var/log/anaconda',
  '/var/log/anaconda.program.log',
  '/var/log/installer',
];

describe('image-factory-sudo-helper, asked for its version', () => {
  it('names that of the program that it belongs to, to anybody and without a disk', () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    for (const word of ['version', '--version']) {
      expect(asNobody(word)).to.deep.include({
        status: 0,
        stdout: `image-factory-sudo-helper ${version}\n`,
        stderr: '',
      });
    }
  });

  it('answers nothing else without root', () => {
    for (const words of [['version', ''], ['version', 'version'], ['--version', '/etc/passwd'], ['Version']]) {
      expect(asNobody(...words), words.join(' ')).to.include({ status: 2, stdout: '' });
    }
  });

  /** Its text, not its file: a checkout may lie where not everybody may look. */
  const asNobody = (...words: string[]) =>
    call('/bin/bash', ['-p', '-c', readFileSync(helper, 'utf8'), 'helper', ...words], {
      env: {},
      ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534, cwd: '/' } : {}),
    });
});

describe('image-factory-sudo-helper, called by root', () => {
  let directory: string;

  before(function () {
    const reason = obstacle('mkfs.xfs', 'mkfs.btrfs', 'mkfs.ext4', 'xfs_io', 'btrfs');
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}; run: sudo make check`);
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), 'image-factory sudo hélper '));
  });

  after(() => {
    if (directory) rmSync(directory, { recursive: true });
  });

  afterEach(() => expect(taken(directory)).to.equal(''));

  /** Asks for something at a mount point, and on btrfs in a subvolume. */
  const askAt = (mountPoint: string, subvolume: string, verb: string, image: string, ...more: string[]) => {
    const place = ['trim', 'subvolumes'].includes(verb) ? [] : [mountPoint, subvolume];
    return call(helper, [verb, image, String(offset), String(size), ...place, ...more], { env: {} });
  };

  const ask = (verb: string, image: string, ...more: string[]) => askAt('/', '/', verb, image, ...more);

  const lines = (verb: string, image: string) => linesAt('/', '/', verb, image).sort();

  const linesAt = (mountPoint: string, subvolume: string, verb: string, image: string) => {
    const { status, stdout, stderr } = askAt(mountPoint, subvolume, verb, image);
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
    return stdout.split('\n').filter(Boolean);
  };

  for (const type of ['xfs', 'btrfs'] satisfies FileSystem[]) {
    it(`shows, removes and zeroes what an installer left on ${type}, and nothing else`, () => {
      const image = join(directory, `${type}.raw`);
      rawDisk(image, type, installedSystem);
      expect(holds(image, secret)).to.be.true;

      expect(lines('logs', image)).to.deep.equal(logs);
      expect(ask('cat', image, '/var/log/installer/syslog').stdout).to.match(/^var\/log\/installer\/syslog\nwhat/);

      expect(lines('clean', image)).to.deep.equal(removed);
      expect(lines('logs', image)).to.deep.equal([]);
      expect(lines('clean', image)).to.deep.equal([]);
      inside(image, type, (root) => {
        expect(readdirSync(join(root, 'var/log'))).to.deep.equal(['boot.log']);
        expect(readdirSync(join(root, 'root'))).to.deep.equal([]);
        expect(readFileSync(join(root, 'etc/hostname'), 'utf8')).to.equal('golden\n');
      });

      const blocks = statSync(image).blocks;
      expect(lines('trim', image)).to.deep.equal([]);
      expect(holds(image, secret)).to.be.false;
      expect(statSync(image).blocks).to.be.lessThan(blocks);
    });
  }

  it('tells the subvolumes of btrfs, the default one first, and works in the one that is named', () => {
    const image = join(directory, 'subvolumes.raw');
    rawDisk(image, 'btrfs', (root) => {
      for (const subvolume of ['@', '@/home dir', '@/.snapshots']) {
        must('btrfs', 'subvolume', 'create', join(root, subvolume));
      }
      for (const place of ['.', '@']) {
        mkdirSync(join(root, place, 'root'));
        writeFileSync(join(root, place, 'root/anaconda-ks.cfg'), place);
      }
      mkdirSync(join(root, '@/.snapshots/1'));
      must('btrfs', 'subvolume', 'snapshot', join(root, '@'), join(root, '@/.snapshots/1/snapshot'));
      must('btrfs', 'subvolume', 'set-default', join(root, '@/.snapshots/1/snapshot'));
    });
    const subvolumes = linesAt('/', '/', 'subvolumes', image);
    expect(subvolumes[0]).to.equal('@/.snapshots/1/snapshot');
    expect(subvolumes.slice(1).sort()).to.deep.equal(['/', '@', '@/.snapshots', '@/home dir']);
    expect(askAt('/', '@', 'cat', image, '/root/anaconda-ks.cfg').stdout).to.equal('@');
    expect(linesAt('/', '@/.snapshots/1/snapshot', 'clean', image)).to.deep.equal(['/root/anaconda-ks.cfg']);
    expect(linesAt('/', '@/.snapshots/1/snapshot', 'logs', image)).to.deep.equal([]);
    expect(linesAt('/', '@', 'logs', image)).to.deep.equal(['/root/anaconda-ks.cfg']);
    for (const other of ['@/root', '@/.snapshots/1', 'none', '@/none', '../@', '/@', '@/', '', '.', '@\n']) {
      expect(askAt('/', other, 'clean', image), JSON.stringify(other)).to.include({ status: 2, stdout: '' });
    }
    inside(image, 'btrfs', (root) => {
      expect(existsSync(join(root, 'root/anaconda-ks.cfg'))).to.be.true;
      expect(existsSync(join(root, '@/root/anaconda-ks.cfg'))).to.be.true;
    });
  });

  it('cleans a read-only snapshot, and leaves it read-only', () => {
    const image = join(directory, 'snapshot.raw');
    rawDisk(image, 'btrfs', (root) => {
      must('btrfs', 'subvolume', 'create', join(root, '@'));
      mkdirSync(join(root, '@/root'));
      writeFileSync(join(root, '@/root/autoinst.xml'), secret);
      must('btrfs', 'subvolume', 'snapshot', '-r', join(root, '@'), join(root, 'snapshot'));
    });
    expect(linesAt('/', 'snapshot', 'clean', image)).to.deep.equal(['/root/autoinst.xml']);
    inside(image, 'btrfs', (root) => {
      expect(readdirSync(join(root, 'snapshot/root'))).to.deep.equal([]);
      expect(must('btrfs', 'property', 'get', join(root, 'snapshot'), 'ro').trim()).to.equal('ro=true');
    });
  });

  it('knows the files of what is mounted below the root by the paths that the system has for them', () => {
    const image = join(directory, 'var.raw');
    rawDisk(image, 'xfs', (root) => {
      for (const place of ['log/installer', 'installer', 'lib/dpkg', 'lib/dhcpcd']) {
        mkdirSync(join(root, place), { recursive: true });
        writeFileSync(join(root, place, place === 'lib/dpkg' ? 'status' : 'syslog'), place);
      }
      writeFileSync(join(root, 'lib/dhcpcd/duid'), 'mine');
      writeFileSync(join(root, 'machine-id'), 'mine');
    });
    expect(linesAt('/var', '/', 'records', image).sort()).to.deep.equal([
      '/var/lib',
      '/var/lib/dpkg',
      '/var/lib/dpkg/status',
      '/var/log',
    ]);
    expect(askAt('/var', '/', 'read', image, '/var/lib/dpkg/status').stdout).to.equal('lib/dpkg');
    for (const path of ['/var/lib/dhcpcd/duid', '/var/log', 'lib/dpkg/status', '/lib/dpkg/status']) {
      expect(askAt('/var', '/', 'read', image, path), path).to.include({ status: 2, stdout: '' });
    }
    expect(linesAt('/home', '/', 'clean', image)).to.deep.equal([]);
    expect(linesAt('/var', '/', 'clean', image)).to.deep.equal(['/var/log/installer']);
    expect(linesAt('/var/log', '/', 'clean', image)).to.deep.equal(['/var/log/installer']);
    for (const other of ['', 'var', '/var/', '//', '/..', '/var/../etc', '/./', '/va*', '/v r', '/var\n']) {
      expect(askAt(other, '/', 'clean', image), JSON.stringify(other)).to.include({ status: 2, stdout: '' });
    }
  });

  for (const type of ['xfs', 'btrfs'] satisfies FileSystem[]) {
    it(`lists, copies, removes and empties what a golden image is checked for on ${type}, and nothing else`, () => {
      const image = join(directory, `golden-${type}.raw`);
      rawDisk(image, type, (root) => {
        for (const path of ['etc/ssh', 'home/bob', 'var/log/apt', 'usr/lib/modules/6.8']) {
          mkdirSync(join(root, path), { recursive: true });
        }
        const files = ['etc/machine-id', 'etc/fstab', 'etc/ssh/ssh_host_rsa_key', 'etc/ssh/ssh_config'];
        for (const path of [...files, 'home/bob/.bash_history', 'var/log/apt/x', 'usr/lib/modules/6.8/modules.dep']) {
          writeFileSync(join(root, path), `in ${path}\n`);
        }
        writeFileSync(join(root, 'etc/sudoers'), '');
        symlinkSync('/etc/passwd', join(root, 'etc/shadow'));
        symlinkSync('/etc', join(root, 'home/alice'));
        symlinkSync('/etc/passwd', join(root, 'etc/ssh/ssh_host_dsa_key'));
      });
      const before = must('sha256sum', image);
      const tree = ask('tree', image).stdout.split('\0');
      expect(tree).to.include.members(['f 644 18 etc/machine-id', 'l 777 11 etc/shadow']);
      const { stdout } = ask('copy', image, '/etc/machine-id', '/etc/sudoers', '/usr/lib/modules/6.8/modules.dep');
      expect(stdout).to.equal(
        '18 /etc/machine-id\0in etc/machine-id\n0 /etc/sudoers\x0035 /usr/lib/modules/6.8/modules.dep\0in usr/lib/modules/6.8/modules.dep\n',
      );
      expect(must('sha256sum', image)).to.equal(before);
      const refused: [string, ...string[]][] = [
        ['copy', '/etc/ssh/ssh_host_rsa_key'],
        ['copy', '/etc/shadow'],
        ['copy', '/etc/machine-id', '/etc/passwd'],
        ['copy', 'etc/fstab'],
        ['copy', '/etc/../etc/fstab'],
        ['copy', '/etc/*'],
        ['copy', '/usr/lib/modules/6.8'],
        ['remove', '/etc/ssh/ssh_config'],
        ['remove', '/etc'],
        ['remove', '/'],
        ['remove', '/home/alice/.bash_history'],
        ['remove', '/etc/ssh/ssh_host_rsa_key', '/etc/fstab'],
        ['remove', '/var/log'],
        ['remove', '/etc/ssh/ssh_host_ed25519_key'],
        ['empty', '/etc/fstab'],
        ['empty', '/var/log/apt'],
        ['empty', '/etc/machine-id', '/etc/shadow'],
        ['empty', ''],
        ['wipe', '/etc/machine-id'],
        ['wipe', '/etc/*'],
        ['wipe', '/etc/../etc/fstab'],
        ['wipe', 'etc/fstab'],
      ];
      for (const [verb, ...paths] of refused) {
        expect(ask(verb, image, ...paths), `${verb} ${paths.join(' ')}`).to.include({ status: 2, stdout: '' });
      }
      expect(ask('empty', image, '/etc/machine-id', '/var/log/apt/x').status).to.equal(0);
      const gone = ['/etc/ssh/ssh_host_rsa_key', '/etc/ssh/ssh_host_dsa_key', '/home/bob/.bash_history'];
      expect(ask('remove', image, ...gone).status).to.equal(0);
      inside(image, type, (root) => {
        expect(readFileSync(join(root, 'etc/machine-id'), 'utf8')).to.equal('');
        expect(readFileSync(join(root, 'etc/fstab'), 'utf8')).to.equal('in etc/fstab\n');
        expect(readdirSync(join(root, 'etc/ssh'))).to.deep.equal(['ssh_config']);
        expect(existsSync(join(root, 'home/bob/.bash_history'))).to.be.false;
      });
    });
  }

  for (const [name, list] of Object.entries({
    leftovers: installerLeftovers,
    logs: installerLogs,
    examined: rules.flatMap(({ reads = [], copies = [] }) => [...reads, ...copies]),
    removable: rules.flatMap(({ removes = [] }) => removes).filter((path) => !installerLeftovers.includes(path)),
    emptied: rules.flatMap(({ empties = [] }) => empties),
    signs,
  })) {
    it(`has the same list of ${name} as image-factory`, () => {
      const [array] = new RegExp(`^readonly ${name}=\\([^)]*\\)$`, 'm').exec(readFileSync(helper, 'utf8')) ?? [];
      const print = `set -f\n${array}\nprintf '%s\\n' "\${${name}[@]}"`;
      expect(must('bash', '-c', print).trim().split('\n')).to.have.members([...new Set(list)]);
    });
  }

  for (const type of ['xfs', 'btrfs'] satisfies FileSystem[]) {
    it(`shows which system is installed on ${type}, and no other files, and changes nothing`, () => {
      const image = join(directory, `records-${type}.raw`);
      rawDisk(image, type, (root) => {
        installedSystem(root);
        for (const path of ['boot', 'usr/lib/sysimage/rpm', 'usr/lib/modules/6.8.5']) {
          mkdirSync(join(root, path), { recursive: true });
        }
        writeFileSync(join(root, 'boot/vmlinuz-6.8.5'), '');
        writeFileSync(join(root, 'boot/vmlinuz-\n'), '');
        writeFileSync(join(root, 'usr/lib/sysimage/rpm/rpmdb.sqlite'), Buffer.from([0, 255, 10, 128]));
        writeFileSync(join(root, 'var/lib/dpkg/status'), 'Package: apt\n');
        symlinkSync('/etc/passwd', join(root, 'etc/os-release'));
        writeFileSync(join(root, 'etc/shadow'), secret);
      });
      const before = must('sha256sum', image);
      expect(lines('records', image)).to.deep.equal([
        '/boot/vmlinuz-6.8.5',
        '/etc',
        '/etc/os-release',
        '/usr',
        '/usr/lib/modules/6.8.5',
        '/usr/lib/sysimage/rpm/rpmdb.sqlite',
        '/var/lib',
        '/var/lib/dpkg',
        '/var/lib/dpkg/status',
        '/var/log',
      ]);
      expect(ask('read', image, '/var/lib/dpkg/status').stdout).to.equal('Package: apt\n');
      for (const path of [
        '/etc/shadow',
        '/etc/os-release',
        '/usr/lib/modules/6.8.5',
        '/root/anaconda-ks.cfg',
        '/etc',
        '/../etc/passwd',
      ]) {
        expect(ask('read', image, path), path).to.include({ status: 2, stdout: '' });
      }
      expect(must('sha256sum', image)).to.equal(before);
    });
  }

  it('prints no record that would fill the disk of who reads it', () => {
    const image = join(directory, 'holes.raw');
    rawDisk(image, 'xfs', (root) => {
      mkdirSync(join(root, 'etc'));
      must('truncate', '--size=1T', join(root, 'etc/os-release'));
    });
    expect(ask('read', image, '/etc/os-release')).to.include({ status: 1, stdout: '' });
  });

  it('replays the log of an xfs that was not unmounted', () => {
    const image = join(directory, 'dirty.raw');
    rawDisk(image, 'xfs', (root) => {
      installedSystem(root);
      must('xfs_io', '-x', '-c', 'shutdown -f', root);
    });
    expect(lines('clean', image)).to.deep.equal(removed);
  });

  it('prints a name that would not fit on a line as the shell would quote it', () => {
    const image = join(directory, 'names.raw');
    rawDisk(image, 'xfs', (root) => {
      mkdirSync(join(root, 'root'));
      writeFileSync(join(root, 'root/install.log\nhome'), '');
      symlinkSync('/etc', join(root, 'root/install.log.d'));
    });
    expect(lines('logs', image)).to.deep.equal([]);
    expect(lines('clean', image)).to.deep.equal(["$'/root/install.log\\nhome'", '/root/install.log.d']);
  });

  it('leaves ext4 to image-factory itself, which needs no root for it', () => {
    const image = join(directory, 'ext4.raw');
    rawDisk(image, 'ext4', installedSystem);
    const { status, stderr } = ask('clean', image);
    expect(status).to.equal(2);
    expect(stderr).to.contain('ext2/3/4 needs no root');
  });

  it('says which file system cannot be mounted when its metadata is damaged', () => {
    for (const type of ['xfs', 'btrfs'] satisfies FileSystem[]) {
      const image = join(directory, `damaged-${type}.raw`);
      rawDisk(image, type, installedSystem);
      // The first bytes of each still say what it is.
      const start = offset + (type === 'xfs' ? 8 : 65536 + 200);
      must(
        'dd',
        'if=/dev/urandom',
        `of=${image}`,
        'bs=200',
        'count=1',
        `seek=${start}`,
        'oflag=seek_bytes',
        'conv=notrunc',
      );
      const { status, stderr } = ask('clean', image);
      expect(status).to.equal(1);
      expect(stderr).to.contain(`cannot mount the ${type} at byte ${offset} of ${image}`);
    }
  });

  it('mounts where nobody else sees it, one call at a time, and leaves nothing when killed', async () => {
    const image = join(directory, 'killed.raw');
    rawDisk(image, 'xfs', (root) => {
      mkdirSync(join(root, 'root'));
      writeFileSync(join(root, 'root/install.log'), secret.repeat(100_000));
    });
    // Nobody reads its output, so cat stops in the middle.
    const child = spawn(helper, ['cat', image, String(offset), String(size), '/', '/', '/root/install.log'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
      env: {},
    });
    await once(child.stdout, 'readable');
    expect(taken(directory)).to.match(/^\d+ \/dev\/loop\d+$/);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.to.contain('/run/image-factory');
    expect(readlinkSync(`/proc/${child.pid!}/ns/mnt`)).not.to.equal(readlinkSync('/proc/self/ns/mnt'));
    const second = ask('clean', image);
    expect(second.status).to.equal(1);
    expect(second.stderr).to.contain('is in use by another call');

    const closed = once(child, 'close');
    process.kill(-child.pid!, 'SIGKILL');
    child.stdout.resume();
    await closed;
    for (let waited = 0; taken(directory) !== '' && waited < 300_000; waited += 50) await sleep(50);
  });
});
