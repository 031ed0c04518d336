import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { architectures } from '../../src/machine/architectures.js';
import { whyNotEmulated } from '../../src/sandbox/program-emulation.js';
import { testHost } from '../support/host.js';
import { normalUser, type NormalUser } from '../support/normal-user.js';
import { AptMirror, field } from './apt-mirror.js';

const configuration = `[DEFAULT]
output-dir = out
boot-test = off
[board]
arch = arm64
parent = file:tree
run = board.sh
bundles = tar
`;

describe('an image of arm64 on another machine', () => {
  let user: NormalUser;
  let home: string;
  let scratch: string;

  before(async () => {
    user = await normalUser();
    home = join(user.home, 'work');
    scratch = mkdtempSync(join(tmpdir(), 'image-factory-arm64-'));
    const mirror = await AptMirror.open(join(scratch, 'mirror'));
    const stanzas = await mirror.getIndex('dists/trixie/main/binary-arm64/Packages.xz');
    const stanza = stanzas.find((each) => field(each, 'Package') === 'busybox-static') ?? '';
    writeFileSync(join(scratch, 'busybox.deb'), await mirror.getPackage(stanza));
    await execa('dpkg-deb', ['-x', 'busybox.deb', 'busybox'], { cwd: scratch });
    for (const name of ['bin', 'etc', 'tmp', 'var/tmp', 'usr'])
      mkdirSync(join(home, 'tree', name), { recursive: true });
    copyFileSync(join(scratch, 'busybox/usr/bin/busybox'), join(home, 'tree/bin/busybox'));
    chmodSync(join(home, 'tree/bin/busybox'), 0o755);
    for (const name of ['sh', 'uname', 'chown', 'touch']) symlinkSync('busybox', join(home, 'tree/bin', name));
    writeFileSync(
      join(home, 'board.sh'),
      'set -e\nuname -m >/etc/machine\ntouch /etc/theirs\nchown 33:44 /etc/theirs\n',
    );
    writeFileSync(join(home, 't.conf'), configuration);
    await execa('chown', ['-R', `--reference=${user.home}`, home]);
  });
  after(async () => {
    await user?.remove();
    if (scratch !== undefined) rmSync(scratch, { recursive: true });
  });

  it('is derived by an ordinary user, and the machine knows nothing of it afterwards', async function () {
    const registered = () => readdirSync('/proc/sys/fs/binfmt_misc');
    const before = registered();
    const [file = '', ...words] = [
      ...user.command,
      user.program,
      'board',
      '--config',
      join(home, 't.conf'),
      '-o',
      join(home, 'out'),
    ];
    const { all, exitCode } = await execa(file, words, { reject: false, all: true });
    expect(exitCode).to.equal(0, all);
    expect(registered()).to.deep.equal(before);
    const [archive = ''] = readdirSync(join(home, 'out')).filter((name) => name.endsWith('.tar'));
    const unpacked = join(scratch, 'unpacked');
    mkdirSync(unpacked);
    await execa('tar', ['-xf', join(home, 'out', archive), '-C', unpacked]);
    expect((await execa('cat', [join(unpacked, 'etc/machine')])).stdout).to.equal('aarch64');
    const { stdout } = await execa('tar', ['--numeric-owner', '-tvf', join(home, 'out', archive)]);
    expect(stdout).to.match(/33\/44 .*etc\/theirs/);
  });

  it('is refused with what to do where nothing runs its programs', async function () {
    if (process.getuid?.() !== 0) return this.skip();
    expect(await whyNotEmulated(testHost(), architectures.aarch64)).to.match(
      /runs no programs of aarch64.* as root; build it as an ordinary user, register qemu-aarch64-static/,
    );
  });
});
