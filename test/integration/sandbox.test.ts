import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Failure, Interrupted } from '../../src/host/failure.js';
import type { Host } from '../../src/host/host.js';
import { mountsHere } from '../../src/host/mounts.js';
import { callWorker } from '../../src/sandbox/worker.js';
import { rejection, testHost } from '../support/host.js';
import { needNamespaces } from '../support/namespaces.js';
import type { TreeJob } from '../support/tree-worker.js';

const worker = new URL('../support/tree-worker.ts', import.meta.url);

describe('a program in a tree', () => {
  let root: string;
  before(needNamespaces);
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'image factory: tree,'));
    for (const name of ['usr', 'etc']) mkdirSync(join(root, name));
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
    writeFileSync(join(root, 'etc/hostname'), 'golden\n');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const run = async (
    script: string,
    options: TreeJob['options'] = {},
    { host = testHost(), before }: { host?: Host; before?: string } = {},
  ) => (await callWorker(host, worker, { root, words: ['sh', '-c', script], options, before })) as string[];

  it('has the kernel’s file systems, devices, name servers and the tree’s host name, and leaves none of them', async () => {
    const printed = await run(
      [
        'set -e',
        'echo $$; cat /proc/sys/kernel/hostname',
        'cat /etc/resolv.conf >/run/seen; cmp -s /run/seen /etc/resolv.conf && echo resolver',
        'head -c 3 /dev/zero | wc -c; : >/dev/null; test -c /dev/ptmx -o -c /dev/pts/ptmx && echo terminals',
        'test -d /sys/class && echo sys; touch /sys/x 2>/dev/null || echo sys is safe',
        'sleep 1000 & echo made >/etc/made',
      ].join('\n'),
    );
    // Its process id counts the processes that were started before it: every program of a build waits for them.
    expect(Number(printed[0])).to.be.lessThan(10);
    expect(printed.slice(1)).to.deep.equal(['golden', 'resolver', '3', 'terminals', 'sys', 'sys is safe']);
    expect(readdirSync(root).sort()).to.deep.equal(['bin', 'etc', 'lib', 'lib64', 'sbin', 'usr']);
    expect(readdirSync(join(root, 'etc')).sort()).to.deep.equal(['hostname', 'made']);
    expect(readdirSync(join(root, 'usr'))).to.deep.equal([]);
    expect(mountsHere().filter(({ mountPoint }) => mountPoint.startsWith(root))).to.deep.equal([]);
  });

  it('sees no file and no process of this machine', async () => {
    // Something outside of the tree, such as an element's hook, may have mounted a /proc there, which shows others.
    const before = `mkdir '${root}/proc'; mount -t proc proc '${root}/proc'`;
    const printed = await run('cat /proc/[0-9]*/comm | sort -u; ls /; echo $HOME $USER', {}, { before });
    expect(printed).to.deep.equal([
      ...['cat', 'sh', 'sort'].filter((name) => printed.includes(name)),
      ...['bin', 'dev', 'etc', 'lib', 'lib64', 'proc', 'run', 'sbin', 'sys', 'usr'],
      '/root root',
    ]);
  });

  it('is root there, may mount, and makes namespaces of its own', async () => {
    expect(
      await run('id -u; mkdir /run/m; mount -t tmpfs x /run/m && echo mounted; unshare --user id -u'),
    ).to.deep.equal(['0', 'mounted', '65534']);
  });

  it('can’t change the kernel of this machine: its clock, its modules, its settings', async () => {
    const [bounding = '', ...said] = await run(
      [
        "sed -n 's/^CapBnd:[[:blank:]]*//p' /proc/self/status",
        'for file in /proc/sys/vm/swappiness /proc/sysrq-trigger; do',
        '  (: >>$file) 2>/dev/null && echo $file || echo safe',
        'done',
      ].join('\n'),
    );
    const has = (bit: number) => (BigInt(`0x${bounding}`) >> BigInt(bit)) & 1n;
    // linux/capability.h: SYS_MODULE, SYS_RAWIO, SYS_BOOT, SYS_TIME, SYSLOG; then CHOWN, MKNOD and SETFCAP.
    expect([16, 17, 22, 25, 34].map(has)).to.deep.equal([0n, 0n, 0n, 0n, 0n]);
    expect([0, 27, 31].map(has)).to.deep.equal([1n, 1n, 1n]);
    expect(said).to.deep.equal(['safe', 'safe']);
  });

  it('sees what it is lent at its place, and can write only where it is meant to', async () => {
    const lent = mkdtempSync(join(tmpdir(), 'lent to a tree-'));
    const from = { directory: join(lent, 'a directory'), file: join(lent, 'a file') };
    mkdirSync(from.directory);
    writeFileSync(from.file, 'lent\n');
    try {
      const printed = await run(
        [
          'cd /run/lent; cat "1/a file"',
          'for path in "1/a file" 2/x; do (: >>"$path") 2>/dev/null && echo "$path" || echo safe; done',
        ].join('\n'),
        {
          binds: [
            { from: from.file, to: '/run/lent/1/a file', mode: 'read-only' },
            { from: from.directory, to: '/run/lent/2', mode: 'writable' },
          ],
        },
      );
      expect(printed).to.deep.equal(['lent', 'safe', '2/x']);
      expect(readdirSync(from.directory)).to.deep.equal(['x']);
    } finally {
      rmSync(lent, { recursive: true });
    }
  });

  it('sees what is lent read-only with all restrictions of the file system that it lies in', async () => {
    const restricted = mkdtempSync(join(tmpdir(), 'restricted-'));
    try {
      const printed = await run(
        "cat /run/lent; grep ' /run/lent ' /proc/self/mountinfo | cut -d ' ' -f 6",
        { binds: [{ from: join(restricted, 'file'), to: '/run/lent', mode: 'read-only' }] },
        { before: `mount -t tmpfs -o nosuid,nodev,noexec x ${restricted}; echo lent >${restricted}/file` },
      );
      expect(printed[0]).to.equal('lent');
      expect(printed[1]?.split(',')).to.include.members(['ro', 'nosuid', 'nodev', 'noexec']);
    } finally {
      rmdirSync(restricted);
    }
  });

  it('finds the name servers where the tree’s own link leads', async () => {
    symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(root, 'etc/resolv.conf'));
    expect((await run('cat /etc/resolv.conf')).join('\n').trim()).to.equal(
      readFileSync('/etc/resolv.conf', 'utf8').trim(),
    );
    expect(lstatSync(join(root, 'etc/resolv.conf')).isSymbolicLink()).to.equal(true);
    expect(existsSync(join(root, 'run'))).to.equal(false);
  });

  it('follows no link of the tree out of it', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    try {
      rmSync(join(root, 'etc'), { recursive: true });
      symlinkSync(outside, join(root, 'etc'));
      await run('true');
      expect(readdirSync(outside)).to.deep.equal([]);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  it('fails with its command, its exit code and what it said', async () => {
    const failure = await rejection(run('echo no such luck >&2; exit 7'));
    expect(failure).to.be.instanceOf(Failure);
    expect((failure as Failure).message)
      .to.match(/^sh -c .*exit 7' failed with exit code 7/s)
      .and.to.match(/no such luck$/);
  });

  it('ends with all its processes when the build is interrupted, and leaves nothing', async () => {
    const controller = new AbortController();
    const running = rejection(
      run('setsid sleep 54321 & echo up >/etc/up; wait', {}, { host: testHost(controller.signal) }),
    );
    while (!existsSync(join(root, 'etc/up'))) await sleep(20);
    controller.abort(new Interrupted('SIGINT'));
    expect(await running).to.be.instanceOf(Interrupted);
    const left = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => readText(`/proc/${pid}/cmdline`).includes('54321'));
    expect(left).to.deep.equal([]);
    expect(readdirSync(root).sort()).to.deep.equal(['bin', 'etc', 'lib', 'lib64', 'sbin', 'usr']);
  });
});

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
