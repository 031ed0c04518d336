import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { makeDisk, program } from '../../test/support/disk.js';
import { rejection, testHost } from '../../test/support/host.js';
import { ExtTree } from './ext-tree.js';
import { rootPlace } from './place.js';

const offset = 2 ** 20;

describe('ExtTree', () => {
  let directory: string;
  let system: string;
  let disk: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ext tree-'));
    disk = join(directory, 'disk.raw');
    system = join(directory, 'system');
    mkdirSync(system);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function file(path: string, content = ''): void {
    mkdirSync(dirname(join(system, path)), { recursive: true });
    writeFileSync(join(system, path), content);
  }

  function installed(type = 'ext4', options: readonly string[] = []) {
    makeDisk(disk, 'dos', [{ type: 'L', size: 24, fileSystem: type, content: system, options }]);
    const host = testHost();
    return { host, tree: new ExtTree(host, { disk, offset }) };
  }

  const ask = (request: string) => program('debugfs', ['-R', request, `${disk}?offset=${offset}`]);
  const expectWhole = () => program('e2fsck', ['-f', '-n', `${disk}?offset=${offset}`]);

  it('finds what patterns name, level by level, and follows no link', async () => {
    file('home/one/.ssh/id_rsa', 'key');
    file('home/two/.ssh/id_ed25519', 'key');
    file('home/two/.ssh/known_hosts', 'x');
    file('var/log/a/b/c.log', 'deep');
    mkdirSync(join(system, 'etc'));
    symlinkSync('../home', join(system, 'etc/homes'));
    const { host, tree } = installed();
    const paths = (await tree.look(rootPlace, ['/home/*/.ssh/id_*', '/var/log/**', '/etc/homes/*', '/nowhere/x'])).map(
      ({ path }) => path,
    );
    expect(paths).to.have.members([
      '/home/one/.ssh/id_rsa',
      '/home/two/.ssh/id_ed25519',
      '/var/log/a',
      '/var/log/a/b',
      '/var/log/a/b/c.log',
    ]);
    // One process for each level of directories, however many there are.
    expect(host.log.lines.filter((line) => line.includes('debugfs'))).to.have.length(5);
  });

  it('tells kind, size and permissions, below a mount point', async () => {
    file('log/x', '123');
    chmodSync(join(system, 'log/x'), 0o4622);
    const { tree } = installed();
    expect(await tree.look({ mountPoint: '/var', subvolume: '/' }, ['/var/log/*', '/etc/*'])).to.deep.equal([
      { path: '/var/log/x', kind: 'file', size: 3, mode: 0o4622 },
    ]);
  });

  it('copies many files in one process', async () => {
    file('etc/one', '1\n');
    file('etc/two', '2\n');
    const { host, tree } = installed();
    await tree.look(rootPlace, ['/etc/*']);
    const before = host.log.lines.length;
    const to = (name: string) => join(directory, `copy of ${name}`);
    await tree.copy(
      rootPlace,
      ['one', 'two'].map((name) => ({ path: `/etc/${name}`, to: to(name) })),
    );
    expect(['one', 'two'].map((name) => readFileSync(to(name), 'utf8'))).to.deep.equal(['1\n', '2\n']);
    expect(host.log.lines).to.have.length(before + 1);
  });

  it('refuses a directory that holds itself, which would never end', async () => {
    file('etc/x');
    const { tree } = installed();
    program('debugfs', ['-w', '-R', 'ln /etc /etc/self', `${disk}?offset=${offset}`]);
    const error = (await rejection(tree.look(rootPlace, ['/etc/**']))) as Error;
    expect(error.message).to.match(/is damaged: \/etc\/self is a directory twice$/);
  });

  for (const [type, options] of [
    ['ext2', []],
    ['ext4', []],
    ['ext4', ['-O', 'inline_data']],
  ] as const) {
    it(`removes, empties, writes, links and changes permissions on ${[type, ...options].join(' ')}`, async () => {
      file('tmp/a/b/c', 'deep');
      file('etc/machine-id', 'f00\n');
      file('etc/long', 'line\n'.repeat(20_000));
      file('etc/fstab', 'old\n');
      file('etc/open', 'x');
      file('etc/stays', 'as it was');
      chmodSync(join(system, 'etc/fstab'), 0o640);
      if (process.getuid?.() === 0) chownSync(join(system, 'etc/fstab'), 12, 34);
      const { tree } = installed(type, options);
      await tree.look(rootPlace, ['/tmp/*', '/etc/*']);
      await tree.change(rootPlace, [
        { kind: 'remove', path: '/tmp/a' },
        { kind: 'empty', path: '/etc/machine-id' },
        { kind: 'empty', path: '/etc/long' },
        { kind: 'write', path: '/etc/fstab', content: 'new\n' },
        { kind: 'write', path: '/etc/systemd/system/made.service', content: '[Unit]\n' },
        { kind: 'link', path: '/etc/systemd/system/wants/made.service', target: '/etc/systemd/system/made.service' },
        { kind: 'mode', path: '/etc/open', mode: 0o644 },
      ]);
      expectWhole();
      expect(await tree.look(rootPlace, ['/tmp/*'])).to.deep.equal([]);
      const names = ['machine-id', 'long', 'fstab', 'stays'];
      await tree.look(rootPlace, ['/etc/*']);
      await tree.copy(
        rootPlace,
        names.map((name) => ({ path: `/etc/${name}`, to: join(directory, name) })),
      );
      const contents = names.map((name) => readFileSync(join(directory, name), 'utf8'));
      expect(contents).to.deep.equal(['', '', 'new\n', 'as it was']);
      expect(ask('cat /etc/systemd/system/made.service')).to.match(/^\[Unit\]\n/);
      expect(ask('stat /etc/systemd/system/wants/made.service')).to.contain('"/etc/systemd/system/made.service"');
      const entries = await tree.look(rootPlace, ['/etc/*', '/etc/systemd/system/*']);
      const modes = Object.fromEntries(entries.map(({ path, mode }) => [path, mode]));
      expect(modes).to.include({ '/etc/fstab': 0o640, '/etc/open': 0o644, '/etc/systemd/system/made.service': 0o644 });
      if (process.getuid?.() === 0) expect(ask('stat /etc/fstab')).to.match(/User: +12 +Group: +34/);
    });
  }

  it('leaves the SELinux label of a file that it writes', async () => {
    file('etc/fstab', 'old\n');
    const { tree } = installed();
    program('debugfs', ['-w', '-R', 'ea_set /etc/fstab security.selinux etc_t', `${disk}?offset=${offset}`]);
    await tree.look(rootPlace, ['/etc/*']);
    await tree.change(rootPlace, [{ kind: 'write', path: '/etc/fstab', content: 'new\n' }]);
    expect(ask('ea_get /etc/fstab security.selinux')).to.contain('etc_t');
    expectWhole();
  });
});
