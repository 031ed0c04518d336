import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { mountsHere } from '../../src/host/mounts.js';
import { program, RunningBuild } from '../support/demo-image.js';
import { program as call } from '../support/disk.js';
import { unpackedBuilder, type UnpackedBuilder } from '../support/diskimage-builder.js';
import { needInstalledDebian13 } from '../support/installed-debian-13.js';
import { normalUser } from '../support/normal-user.js';
import { isRoot } from '../support/small-tree.js';

/** A package, an element whose hooks run inside and outside of the tree, and what only root of a system can do. */
const configuration = (parent: string, elements: string) => `[DEFAULT]
output-dir = out
boot-test = off
format = raw
[web]
parent = file:${parent}
packages = time
elements = sysctl
element-path = ${elements}
files = files
run = web.sh
`;

const script = `#!/bin/sh -e
cp /bin/true /usr/local/bin/capable
/usr/sbin/setcap cap_net_bind_service+ep /usr/local/bin/capable
cp /bin/true /usr/local/bin/suid
chown www-data:shadow /usr/local/bin/suid
chmod 4755 /usr/local/bin/suid
ln /usr/local/bin/suid /usr/local/bin/other
rm -r /usr/share/common-licenses
mkdir /usr/share/common-licenses
`;

/** Caches by inode numbers or by time. */
const different = /^var\/cache\/ldconfig\/aux-cache |^var\/cache\/debconf\/|^etc\/\.?pwd\.lock /;

describe('an image that is derived from an installed Debian 13 in a virtual machine', function () {
  this.timeout(2 * 3600_000);
  let image: string;
  let builder: UnpackedBuilder;
  let directory: string;
  before(async function () {
    image = needInstalledDebian13(this);
    builder = await unpackedBuilder();
    directory = mkdtempSync(join(tmpdir(), 'derive-in-vm-'));
    fill(directory, image, builder.elements);
  });
  after(() => {
    builder?.remove();
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });

  function fill(to: string, parent: string, elements: string): void {
    mkdirSync(join(to, 'files/srv'), { recursive: true });
    writeFileSync(join(to, 'files/srv/page'), 'a page\n');
    writeFileSync(join(to, 'web.sh'), script, { mode: 0o755 });
    writeFileSync(join(to, 't.conf'), configuration(parent, elements));
  }
  const words = (to: string, ...more: string[]) => [
    ...[
      'web',
      '--config',
      join(to, 't.conf'),
      '--cache-dir',
      join(to, 'cache'),
      '--set',
      `store-dir=${join(to, 'store')}`,
    ],
    ...['--set', `output-dir=${join(to, 'out')}`, ...more],
  ];
  async function build(...more: string[]) {
    const { all, exitCode } = await execa(program, words(directory, ...more), { reject: false, all: true });
    return { all: String(all), exitCode };
  }
  function manifestIn(to: string): string[] {
    const layers = join(to, 'store/layers');
    const [name = ''] = readdirSync(layers).filter((each) => each.startsWith('web-'));
    return readFileSync(join(layers, name, 'manifest'), 'latin1')
      .split('\n')
      .filter((line) => !different.test(line.replace(/^\.\//, '')));
  }
  function expectNothingLeft(): void {
    expect(readdirSync(join(directory, 'store/staging'))).to.deep.equal([]);
    expect(readdirSync(join(directory, 'store/nodes')).filter((name) => name.startsWith('.'))).to.deep.equal([]);
    expect(mountsHere().filter(({ mountPoint }) => mountPoint.startsWith(`${directory}/`))).to.deep.equal([]);
    const machines = readdirSync('/proc').filter((pid) => commandOf(pid).includes(directory));
    expect(machines).to.deep.equal([]);
  }
  function commandOf(pid: string): string {
    try {
      const text = readFileSync(join('/proc', pid, 'cmdline'), 'latin1');
      return text.startsWith('qemu-system') ? text : '';
    } catch {
      return '';
    }
  }
  const inVm = ['--set', 'derive-in=vm'];

  it('fails as a script does, and leaves nothing', async () => {
    writeFileSync(join(directory, 'bad.sh'), 'echo sulking\nexit 7\n');
    const { all, exitCode } = await build(...inVm, '--set', `run=${join(directory, 'bad.sh')}`);
    expect(exitCode).to.equal(1, all);
    expect(all).to.match(/ERROR: derive: bad\.sh failed with exit code 7:\nsulking/);
    expectNothingLeft();
  });

  it('fails with the last lines of the console where the kernel panics, and leaves nothing', async () => {
    writeFileSync(
      join(directory, 'panic.sh'),
      'echo the script runs\nsleep 5\necho c >/proc/sysrq-trigger\nsleep 1000\n',
    );
    const more = ['--set', `run=${join(directory, 'panic.sh')}`, '--set', 'packages=', '--set', 'elements='];
    const { all, exitCode } = await build(...inVm, ...more);
    expect(exitCode).to.equal(1, all);
    expect(all).to.contain('the script runs\n');
    expect(all).to.match(
      /ERROR: derive: the virtual machine ended before its work was done:\n[^]*Kernel panic - not syncing: sysrq triggered crash/,
    );
    expectNothingLeft();
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    it(`leaves no machine where ${signal} ends the build in the middle of a script`, async () => {
      writeFileSync(join(directory, 'slow.sh'), 'echo the script runs\nsleep 10000\n');
      const more = ['--set', `run=${join(directory, 'slow.sh')}`, '--set', 'packages=', '--set', 'elements='];
      const running = new RunningBuild(words(directory, ...inVm, ...more));
      running.signalAt(signal, ({ message, text }) => /the script runs/.test(`${message ?? ''}${text ?? ''}`));
      expect(await running.ended()).to.equal({ SIGINT: 130, SIGTERM: 130, SIGKILL: 'SIGKILL' }[signal]);
      if (signal !== 'SIGKILL') expectNothingLeft();
      else expect(readdirSync('/proc').filter((pid) => commandOf(pid).includes(directory))).to.deep.equal([]);
    });
  }

  it('tells a script that the disk is full which the machine writes to', async function () {
    if (!isRoot) return this.skip();
    // What the installed system is captured to is there already.
    const store = join(directory, 'small');
    mkdirSync(store);
    call('mount', ['-t', 'tmpfs', '-o', 'size=2600M', 'small', store]);
    try {
      writeFileSync(join(directory, 'full.sh'), 'dd if=/dev/zero of=/full bs=1M\n');
      const more = ['--set', `run=${join(directory, 'full.sh')}`, '--set', 'packages=', '--set', 'elements='];
      const { all, exitCode } = await build(...inVm, ...more, '--set', `store-dir=${store}`);
      expect(exitCode).to.equal(1, all);
      expect(all).to.match(
        /derive: full\.sh failed with exit code 1:\n[^]*(No space left on device|Input\/output error)/,
      );
      expect(readdirSync(join(store, 'staging'))).to.deep.equal([]);
    } finally {
      call('umount', [store]);
    }
  });

  it('is the same as in namespaces, as root and as an ordinary user', async () => {
    const first = await build(...inVm);
    expect(first.exitCode).to.equal(0, first.all);
    expect(first.all).to.match(/Starting a virtual machine/);
    expectNothingLeft();
    const made = manifestIn(directory);
    const capable = made.find((line) => line.includes('usr/local/bin/capable'));
    expect(capable).to.match(/security\.capability/);
    expect(made.find((line) => line.includes('usr/local/bin/suid'))).to.match(
      /uid=33 gid=42 .*mode=04755|mode=04755.*uid=33/,
    );

    const [name = ''] = readdirSync(join(directory, 'store/layers')).filter((each) => each.startsWith('web-'));
    await execa(program, ['layer', 'delete', name], { env: { IMAGE_FACTORY_STORE_DIR: join(directory, 'store') } });
    const second = await build('--set', 'derive-in=namespace');
    expect(second.exitCode).to.equal(0, second.all);
    expect(manifestIn(directory)).to.deep.equal(made);

    const user = await normalUser();
    try {
      const [file = 'env', ...prefix] = user.command;
      // The user's own copies: others' directories are closed.
      await execa('cp', ['--sparse=always', image, join(user.home, 'base.qcow2')]);
      await execa('cp', ['-a', join(builder.python, '../../../..'), join(user.home, 'usr')]);
      const elements = join(user.home, 'usr/usr/lib/python3/dist-packages/diskimage_builder/elements');
      fill(user.home, join(user.home, 'base.qcow2'), existsSync(elements) ? elements : builder.elements);
      if (isRoot) await execa('chown', ['-R', '--reference', user.home, user.home]);
      const { all, exitCode } = await execa(file, [...prefix, user.program, ...words(user.home, ...inVm)], {
        ...{ cwd: user.home, reject: false, all: true },
      });
      expect(exitCode).to.equal(0, String(all));
      expect(manifestIn(user.home)).to.deep.equal(made);
    } finally {
      await user.remove();
    }
  });

  it('is the same where namespaces are closed: all work with trees is done in virtual machines then', async function () {
    // Limits of a user namespace hold for what is below it, and for nothing else.
    const closing = 'echo 0 >/proc/sys/user/max_mnt_namespaces; exec "$@"';
    const closed = ['--user', '--map-root-user', '--', 'sh', '-c', closing, 'sh', program];
    const to = join(directory, 'closed');
    mkdirSync(to);
    fill(to, image, builder.elements);
    const plain = ['--set', 'packages=', '--set', 'elements='];
    const refused = await execa('unshare', [...closed, ...words(to, ...plain, '--set', 'derive-in=namespace')], {
      ...{ reject: false, all: true },
    });
    expect(refused.all).to.match(/'derive-in = namespace': namespaces are closed here: .*'derive-in = vm' works here/);
    expect(refused.exitCode).to.equal(2);
    expect(existsSync(join(to, 'store/vm'))).to.equal(false);

    const { all, exitCode } = await execa('unshare', [...closed, ...words(to, ...plain)], { reject: false, all: true });
    expect(exitCode).to.equal(0, all);
    expect(all).to.contain('Namespaces are closed here: starting a virtual machine');
    expect(readdirSync(join(to, 'store/vm')).sort()).to.deep.equal(['kernel', 'store.ext4']);
    const again = await execa('unshare', [...closed, ...words(to, ...plain)], { reject: false, all: true });
    expect(again.all).to.contain('Nothing has changed');

    const open = await build(...plain, '--set', 'derive-in=namespace');
    expect(open.exitCode).to.equal(0, open.all);
    expect(contentsIn(to)).to.deep.equal(contentsIn(directory));
  });

  it('is the same for an ordinary user who has no subordinate ids', async function () {
    if (!isRoot) {
      console.log('    only root can make such an account: run it as root');
      return this.skip();
    }
    const user = await normalUser('none');
    try {
      const [file = 'env', ...prefix] = user.command;
      const parent = join(user.home, 'base.qcow2');
      await execa('cp', ['--sparse=always', image, parent]);
      fill(user.home, parent, '');
      await execa('chown', ['-R', '--reference', user.home, user.home]);
      const plain = ['--set', 'packages=', '--set', 'elements='];
      const call = async (...more: string[]) => {
        const called = [...prefix, user.program, ...words(user.home, ...plain, ...more)];
        const { all, exitCode } = await execa(file, called, { cwd: user.home, reject: false, all: true });
        return { all: String(all), exitCode };
      };
      const refused = await call('--set', 'derive-in=namespace');
      expect(refused.exitCode).to.equal(2, refused.all);
      expect(refused.all).to.match(
        /'derive-in = namespace': \/etc\/subuid has no subordinate ids of .*'derive-in = vm' works here/,
      );
      const made = await call();
      expect(made.exitCode).to.equal(0, made.all);
      const again = await call();
      expect(again.all).to.contain('Nothing has changed');

      const open = await build(...plain, '--set', 'derive-in=namespace');
      expect(open.exitCode).to.equal(0, open.all);
      expect(contentsIn(user.home)).to.deep.equal(contentsIn(directory));
    } finally {
      await user.remove();
    }
  });

  /** The content of the newest tree of the image, with all that lies below it. */
  function contentsIn(to: string): string | undefined {
    const nodes = join(to, 'store/nodes');
    const records = readdirSync(nodes)
      .filter((name) => existsSync(join(nodes, name, 'node.json')))
      .map((name) => JSON.parse(readFileSync(join(nodes, name, 'node.json'), 'utf8')) as Node)
      .filter(({ name }) => name === 'web')
      .sort((one, other) => (one.made < other.made ? 1 : -1));
    return records[0]?.contentId;
  }
});

interface Node {
  readonly name: string;
  readonly made: string;
  readonly contentId: string;
}
