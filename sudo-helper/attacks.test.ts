import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import {
  call,
  copyDisk,
  give,
  inside,
  must,
  obstacle,
  offset,
  rawDisk,
  size,
  sudoUser,
  taken,
  type Called,
  type FileSystem,
  type SudoUser,
} from '../test/support/sudo-helper.js';

const files = ['root/anaconda-ks.cfg', 'var/adm/autoinstall/logs/log', 'var/lib/YaST2/x', 'var/log/installer/syslog'];

/** A system with installer logs, as it may lie in an image, or on the machine that builds it. */
function installedSystem(root: string): void {
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), `canary ${file}\n`);
  }
}

const notYours = 'must be a regular file of the calling user';

describe('image-factory-sudo-helper, attacked by a user with the documented sudoers line', () => {
  let user: SudoUser;
  /** Belongs to root, and others may look into it. */
  let directory: string;
  /** Belongs to the user. */
  let home: string;
  /** A directory of root's that looks like an installed system; nothing may ever vanish from it. */
  let canary: string;
  /** The user's own image: a fine xfs. */
  let own: string;
  /** An image just like it that belongs to root. */
  let foreign: string;
  let canaryFiles: string;
  let untouched: string;

  const where = [String(offset), String(size)];
  /** The whole file system, as the root of a system. */
  const place = [...where, '/', '/'];

  /** What must be the same after every attack. */
  const machine = () => must('find', canary, '-printf', '%p %y %s\n') + must('sha256sum', foreign) + taken(directory);

  before(function () {
    const reason = obstacle('mkfs.xfs', 'mkfs.btrfs', 'btrfs', 'sudo', 'visudo', 'useradd', 'userdel', 'perl');
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}; run: sudo make check`);
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), 'image-factory-attacks-'));
    chmodSync(directory, 0o755);
    user = sudoUser();
    home = join(directory, 'home');
    mkdirSync(home);
    give(home, user.uid);
    canary = join(directory, 'canary');
    installedSystem(canary);
    foreign = join(directory, 'foreign.raw');
    rawDisk(foreign, 'xfs', installedSystem);
    chmodSync(foreign, 0o644);
    own = copyDisk(foreign, join(home, 'own.raw'), user.uid);
    canaryFiles = must('find', canary);
    untouched = machine();
  });

  after(() => {
    user?.remove();
    if (directory) rmSync(directory, { recursive: true });
  });

  afterEach(() => expect(machine()).to.equal(untouched));

  const expectRefused = ({ status, stdout, stderr }: Called, why = 'refused: ', asked = '') => {
    expect(stderr, asked).to.contain(why);
    expect(stdout).to.equal('');
    expect(status).to.equal(2);
  };

  it('serves the user in what is his', () => {
    const { status, stdout, stderr } = user.sudo('logs', own, ...place);
    expect(stderr).to.equal('');
    expect(stdout).to.contain('var/log/installer/syslog');
    expect(status).to.equal(0);
  });

  const nastyPlaces = [
    ...[
      '',
      '.',
      '..',
      '//',
      '/..',
      '/../etc',
      '/var/..',
      '/./',
      'var',
      '/var/',
      '/va*',
      '/v?r',
      '/$HOME',
      '-',
      '--help',
    ],
    ...['/var\n', '/\x1b[2J', '@\x7f', '@/../..', '../@', '/@/', '@/', '/$(touch /)', `/${'x'.repeat(5000)}`],
  ];

  it('refuses arguments that are not exactly of the expected form', () => {
    const lists: string[][] = [
      [],
      [''],
      ['clean'],
      ['clean', own],
      ['clean', own, ...place, ''],
      ['cat', own, ...place],
      ['read', own, ...place],
      ['records', own, ...place, '/etc/os-release'],
      ['records', own, ...where],
      ['logs', own, ...where, '/'],
      ['clean', own, ...where],
      ['cat', own, ...where, '/root/anaconda-ks.cfg'],
      ['trim', own, ...place],
      ['tree', own, ...where],
      ['tree', own, ...place, '/etc/shadow'],
      ...['copy', 'remove', 'empty'].flatMap((verb) => [
        [verb, own, ...place],
        ...[
          '',
          '/',
          '/etc',
          'etc/shadow',
          '/etc/../etc/shadow',
          '/../../etc/shadow',
          '/etc/*',
          '/etc/machine-id\n',
          '--help',
        ].map((path) => [verb, own, ...place, path]),
      ]),
      ['subvolumes', own, ...place],
      ['subvolumes', own, ...where, '/'],
      ['version', own],
      ['--version', own, ...where],
      ...nastyPlaces.flatMap((word) => [
        ['clean', own, ...where, word, '/'],
        ['clean', own, ...where, '/', word],
        ['records', own, ...where, '/', word],
        ['cat', own, ...where, word, '/', '/root/anaconda-ks.cfg'],
      ]),
      ['CLEAN', own, ...place],
      ['clean\n', own, ...place],
      ['--help'],
      ['--', 'clean', own, ...place],
      ['-c', 'id'],
      ['clean', '', ...place],
      ['clean', 'own.raw', ...place],
      ['clean', '--all', ...place],
      ['clean', '-o', ...place],
      ['clean', 'UUID=1', ...place],
      ['clean', '//etc', ...place],
      ['clean', `${own}/`, ...place],
      ['clean', `${home}/../home/own.raw`, ...place],
      ['clean', `${home}/./own.raw`, ...place],
      ['clean', `${home}/..`, ...place],
      ['clean', `${home}//own.raw`, ...place],
      ['clean', `${home}/*.raw`, ...place],
      ['clean', `${home}/own.ra?`, ...place],
      ['clean', `${home}/{own,own}.raw`, ...place],
      ['clean', `${own}\n`, ...place],
      ['clean', `${home}/\n${own}`, ...place],
      ['clean', `${own}\x7f`, ...place],
      ['clean', `${own}\x1b[2J`, ...place],
      ['clean', `$(touch ${home}/ran)`, ...place],
      ['clean', `/$(touch ${home}/ran)`, ...place],
      ['clean', `/${'x'.repeat(100_000)}`, ...place],
      ['clean', '/x'.repeat(2048), ...place],
      ...[
        '',
        '-1',
        '+0',
        '0x10',
        '1048576 ',
        '1e6',
        '1048577',
        '01048576',
        '9'.repeat(40),
        'a[$(touch /)]',
        'size',
      ].map((number) => ['clean', own, number, where[1]!, '/', '/']),
      ...['', '0', '-512', '513', '1048576,loop', '9'.repeat(15), '9'.repeat(40), 'offset', '1\n512'].map((number) => [
        'clean',
        own,
        where[0]!,
        number,
        '/',
        '/',
      ]),
      ['clean', own, '0', '512', '/', '/'],
      ...['', '../../../etc/shadow', '/etc/shadow', 'etc/shadow', 'root/*', 'root/anaconda-ks.cfg/', '-', '--help'].map(
        (log) => ['cat', own, ...place, log],
      ),
      ...['', '../../../etc/shadow', '/etc/os-release', 'etc/shadow', 'boot/*', 'var/lib/rpm', '-', '--help'].map(
        (record) => ['read', own, ...place, record],
      ),
    ];
    for (const list of lists) expectRefused(user.sudo(...list), 'refused: ', JSON.stringify(list).slice(0, 300));
    expect(existsSync(join(home, 'ran'))).to.be.false;
  });

  it('refuses the calls of the Python tool', () => {
    expectRefused(user.sudo('mount', '/dev/loop0', '/tmp/image-factory.x'), "'mount' was a call of image-factory 1");
    expectRefused(user.sudo('umount', '/tmp/image-factory.x'), "'umount' was a call of image-factory 1");
    expectRefused(user.sudo('umount', '/'), "'umount' was a call of image-factory 1");
    expectRefused(user.sudo('chmod', '-R', 'o+rwx', '/tmp/image-factory.x'), "'chmod' was a call of image-factory 1");
  });

  it('refuses what is not a regular file of the user', () => {
    const loop = must('losetup', '--find', '--show', '--offset', where[0]!, foreign).trim();
    try {
      expectRefused(user.sudo('clean', loop, '0', where[1]!, '/', '/'), notYours);
    } finally {
      must('losetup', '--detach', loop);
    }
    must('mkfifo', '-m', '666', join(home, 'fifo'));
    must('mknod', '-m', '666', join(home, 'device'), 'b', '7', '0');
    linkSync(foreign, join(home, 'hard-link.raw'));
    for (const file of [home, join(home, 'fifo'), join(home, 'device'), '/dev/null', '/dev/zero', '/proc/self/mem']) {
      expectRefused(user.sudo('clean', file, ...place));
    }
    expectRefused(user.sudo('clean', foreign, ...place), notYours);
    expectRefused(user.sudo('clean', join(home, 'hard-link.raw'), ...place), notYours);
    expectRefused(user.sudo('clean', '/etc/shadow', '0', '512', '/', '/'), notYours);
  });

  it('does not tell what lies where only root can look', () => {
    const hidden = join(directory, 'hidden');
    mkdirSync(join(hidden, 'directory'), { recursive: true, mode: 0o700 });
    writeFileSync(join(hidden, 'file'), '');
    symlinkSync('file', join(hidden, 'link'));
    const answers = ['missing', 'file', 'file/below', 'link', 'directory'].map((name) => {
      const path = join(hidden, name);
      return user.sudo('clean', path, ...place).stderr.replace(path, 'PATH');
    });
    expect(answers[0]).to.contain(`PATH ${notYours}`);
    expect(new Set(answers).size).to.equal(1);
  });

  it('refuses a symbolic link at every component of the path', () => {
    const deep = join(home, 'a/b/c');
    mkdirSync(deep, { recursive: true });
    linkSync(own, join(deep, 'disk.raw'));
    expect(user.sudo('logs', join(deep, 'disk.raw'), ...place).status).to.equal(0);
    symlinkSync(home, join(home, 'link'));
    symlinkSync('a', join(home, 'link-a'));
    symlinkSync('b', join(home, 'a/link-b'));
    symlinkSync('c', join(home, 'a/b/link-c'));
    symlinkSync('disk.raw', join(deep, 'link.raw'));
    symlinkSync(foreign, join(deep, 'foreign.raw'));
    for (const path of ['link/a/b/c/disk.raw', 'link-a/b/c/disk.raw', 'a/link-b/c/disk.raw', 'a/b/link-c/disk.raw']) {
      expectRefused(user.sudo('clean', join(home, path), ...place), notYours);
    }
    expectRefused(user.sudo('clean', join(deep, 'link.raw'), ...place), notYours);
    expectRefused(user.sudo('clean', join(deep, 'foreign.raw'), ...place), notYours);
    expectRefused(user.sudo('clean', '/proc/self/cwd/etc/passwd', ...place), notYours);
  });

  it('takes nothing from the environment', () => {
    const ran = join(home, 'ran');
    const script = give(join(home, 'script'), (writeFileSync(join(home, 'script'), `touch ${ran}\n`), user.uid));
    const programs = join(home, 'bin');
    mkdirSync(programs);
    for (const program of ['mount', 'od', 'stat', 'env', 'bash', 'find', 'rm', 'losetup']) {
      writeFileSync(join(programs, program), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
    }
    const hostile = {
      BASH_ENV: script,
      ENV: script,
      PATH: `${programs}:/usr/bin:/bin`,
      IFS: '/',
      SHELLOPTS: 'xtrace:verbose',
      BASHOPTS: 'extdebug',
      PS4: `$(touch ${ran})`,
      PROMPT_COMMAND: `touch ${ran}`,
      'BASH_FUNC_printf%%': `() { touch ${ran}; }`,
      'BASH_FUNC_refuse%%': `() { touch ${ran}; }`,
      BASH_XTRACEFD: '1',
      CDPATH: home,
      GLOBIGNORE: '*',
      LOOPDEV_DEBUG: 'all',
      LIBMOUNT_DEBUG: 'all',
      LIBMOUNT_FSTAB: script,
      TMPDIR: home,
      LC_ALL: 'C.UTF-8',
      OUTER_NAMESPACE: 'mnt:[1]',
      SUDO_UID: '0',
      POSIXLY_CORRECT: '1',
    };
    // As the user: sudo drops them. As root without sudo: the helper itself must not care.
    const asRoot: Record<string, string> = { ...hostile, SUDO_UID: String(user.uid) };
    delete asRoot['OUTER_NAMESPACE'];
    const plain = user.sudo('logs', own, ...place);
    expect(
      user.sudoWith({ ...hostile, LD_PRELOAD: script, LD_LIBRARY_PATH: home }, [], 'logs', own, ...place),
    ).to.deep.equal(plain);
    expect(call(user.helper, ['logs', own, ...place], { env: asRoot })).to.deep.equal(plain);
    expectRefused(user.sudoWith(hostile, [], 'clean', foreign, ...place), notYours);
    expectRefused(call(user.helper, ['clean', foreign, ...place], { env: asRoot }), notYours);

    for (const [name, value] of Object.entries({ ...hostile, LD_PRELOAD: script, LD_AUDIT: script })) {
      if (name === 'LC_ALL') continue;
      for (const options of [[`${name}=${value}`], [`--preserve-env=${name}`], ['--preserve-env']]) {
        // sudo refuses to hand it over, or drops it.
        const { status, stdout, stderr } = user.sudoWith({ [name]: value }, options, 'clean', foreign, ...place);
        expect(stderr, options.join(' ')).to.match(/^sudo: |must be a regular file of the calling user/);
        expect(stdout).to.equal('');
        expect(status).not.to.equal(0);
      }
    }
    expect(existsSync(ran)).to.be.false;
  });

  for (const type of ['xfs', 'btrfs'] satisfies FileSystem[]) {
    it(`follows no link at any component of what it cleans on ${type}`, () => {
      const image = join(home, `links-${type}.raw`);
      rawDisk(image, type, () => {});
      give(image, user.uid);
      const components = ['root', 'var', 'var/log', 'var/adm', 'var/lib', 'var/log/installer', 'var/adm/autoinstall'];
      for (const component of type === 'btrfs' ? [...components, '.'] : components) {
        for (const way of ['', '../../../../../../..']) {
          inside(image, type, (root) => {
            for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
            const system = join(root, type === 'btrfs' ? '@' : '.');
            if (type === 'btrfs' && component !== '.') must('btrfs', 'subvolume', 'create', system);
            const link = join(system, component);
            mkdirSync(dirname(link), { recursive: true });
            symlinkSync(way + join(canary, component), link);
          });
          const seen = `${component} leads to ${way}${join(canary, component)}`;
          const inSystem = [...where, '/', type === 'btrfs' ? '@' : '/'];
          const log = files.find((file) => file.startsWith(component)) ?? files[0]!;
          expectRefused(user.sudo('cat', image, ...inSystem, `/${log}`));
          if (component === '.') {
            for (const verb of ['logs', 'records', 'clean']) expectRefused(user.sudo(verb, image, ...inSystem));
          } else {
            expect(user.sudo('logs', image, ...inSystem), seen).to.include({ status: 0, stdout: '' });
            expect(user.sudo('clean', image, ...inSystem).status, seen).to.equal(0);
          }
          expect(user.sudo('clean', image, ...place).status, seen).to.equal(0);
          expect(must('find', canary), seen).to.equal(canaryFiles);
        }
      }
    });
  }

  it('follows no link to a single log, and is not held up by what is no file', () => {
    const image = join(home, 'files.raw');
    rawDisk(image, 'xfs', (root) => {
      for (const place of ['root', 'var/log/anaconda', 'var/log/installer', 'var/log/YaST2']) {
        mkdirSync(join(root, place), { recursive: true });
      }
      symlinkSync('/etc/shadow', join(root, '/root/anaconda-ks.cfg'));
      symlinkSync('install.log', join(root, 'root/install.log'));
      must('mkfifo', join(root, 'var/log/anaconda/fifo'));
      must('mknod', join(root, 'var/log/anaconda/disk'), 'b', '7', '0');
      must('mknod', join(root, 'var/log/installer/syslog'), 'c', '1', '5');
      for (let count = 0; count < 10_000; count++) symlinkSync('/', join(root, `var/log/YaST2/${count}`));
      writeFileSync(join(root, 'var/log/anaconda/\n/etc\n'.replaceAll('/etc', 'etc')), '');
    });
    give(image, user.uid);
    expect(user.sudo('logs', image, ...place)).to.include({ status: 0, stdout: '' });
    expectRefused(user.sudo('cat', image, ...place, '/root/anaconda-ks.cfg'));
    const { status, stdout } = user.sudo('clean', image, ...place);
    expect(status).to.equal(0);
    expect(stdout.trim().split('\n').sort()).to.deep.equal([
      '/root/anaconda-ks.cfg',
      '/root/install.log',
      '/var/log/YaST2',
      '/var/log/anaconda',
      '/var/log/installer',
    ]);
  });

  it('refuses a btrfs that asks for other devices', () => {
    const members = ['one', 'two'].map((name) => join(home, `${name}.member`));
    for (const member of members) {
      writeFileSync(member, '');
      truncateSync(member, size);
    }
    must('mkfs.btrfs', '-q', '-d', 'single', '-m', 'raid1', ...members);
    give(members[0]!, user.uid);
    expectRefused(user.sudo('clean', members[0]!, '0', where[1]!, '/', '/'), 'a btrfs of more than one device');
  });

  it('works without the limits of the caller, or (where root may not lift them) not at all', () => {
    const limited = 'ulimit -f 0 -t 1; exec sudo -n "$@"';
    const credentials = { uid: user.uid, gid: user.uid };
    const { status, stderr } = call('bash', ['-c', limited, 'bash', user.helper, 'trim', own, ...where], credentials);
    if (status === 0) expect(stderr).to.equal('');
    else expect(stderr).to.contain('cannot lift the resource limits');
  });

  it("leaves nothing of the user's in its own directory", () => {
    expect(readdirSync('/run/image-factory')).to.deep.equal([]);
    expect(must('stat', '--format=%U %a', '/run/image-factory').trim()).to.equal('root 700');
  });
});
