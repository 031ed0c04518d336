import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import type { PackageLock } from '../../src/packages/lock-file.js';
import { DebArchive, type MadePackage } from '../support/deb-archive.js';
import { program, temporaryDirectory } from '../support/demo-image.js';
import { installersPackages } from '../support/installers-packages.js';
import { initrdLike, kernelLike } from '../support/netboot-content.js';

const usual: readonly MadePackage[] = [
  ...installersPackages,
  { name: 'shop', fields: ['Depends: lib'] },
  { name: 'lib' },
];
const newer: MadePackage = { name: 'shop', version: '2.0' };

describe('an installation from a package lock', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const lockFile = at('locks/web.json');
  let archive: DebArchive;

  before(async () => {
    archive = await DebArchive.make();
    await archive.publish('stable', usual);
    writeFileSync(at('linux'), kernelLike('one'));
    writeFileSync(at('initrd.gz'), initrdLike('one'));
    writeFileSync(
      at('my.conf'),
      `[DEFAULT]
cache_dir = ${at('cache')}
output-dir = ${at('out')}
ssh-authorized-keys = ssh-ed25519 AAAA me
server-packages =
udeb-suite = stable
[group shop]
packages = shop
[web]
like = debian-13
group = shop
linux = ${at('linux')}
initrd = ${at('initrd.gz')}
checksums =
checksums-signature =
package-sources = ${archive.url} stable main
package-keyring = ${archive.keyring}
`,
    );
    await call('lock', 'web');
  });
  after(async () => {
    directory.remove();
    await archive.remove();
  });

  function call(...words: string[]) {
    return execa(program, [...words, '--config', at('my.conf')], { cwd: directory.path });
  }

  /** What a build says that ends before a virtual machine is started. */
  async function refused(exitCode: number, ...words: string[]): Promise<string> {
    const ended = await execa(program, ['web', ...words, '--config', at('my.conf')], {
      cwd: directory.path,
      reject: false,
    });
    expect(ended, ended.stderr).to.have.property('exitCode', exitCode);
    const left = existsSync(at('out')) ? readdirSync(at('out')) : [];
    expect(
      left.filter((name) => /console|raw|qcow2|build$/.test(name)),
      'what is left',
    ).to.be.empty;
    expect(ended.stderr).not.to.match(/\n\s+at /);
    return ended.stderr;
  }

  const lock = () => JSON.parse(readFileSync(lockFile, 'utf8')) as PackageLock;
  const fileInPool = (sha256: string, suffix: string) =>
    at('cache/.packages/pool', sha256.slice(0, 2), `${sha256}.${suffix}`);

  function locked(name: string) {
    const found = lock().packages.find((each) => each.name === name);
    if (found === undefined) throw new Error(`the lock has no ${name}`);
    return found;
  }

  /** Does something while a file has another content, or is not there. */
  async function while_(
    file: string,
    content: Buffer | string | undefined,
    action: () => Promise<void>,
  ): Promise<void> {
    renameSync(file, `${file}.aside`);
    if (content !== undefined) writeFileSync(file, content);
    try {
      await action();
    } finally {
      rmSync(file, { force: true });
      renameSync(`${file}.aside`, file);
    }
  }

  it('has a lock of the group, of what the installer adds, of its components, and of what it starts from', () => {
    const { packages, udebs = [], netboot = [], totals } = lock();
    const names = packages.map(({ name }) => name);
    expect(names).to.include.members(['shop', 'lib', 'base-files', 'adduser', 'grub-pc', 'linux-image-amd64']);
    expect(names).not.to.include('os-prober').and.not.to.include('partman-base');
    expect(locked('adduser').why).to.equal('installer');
    expect(udebs.map(({ name, why }) => [name, why])).to.deep.equal([
      ['libparted2-udeb', 'depends of partman-base'],
      ['partman-base', 'installer'],
    ]);
    expect(totals.udebs).to.equal(2);
    expect(netboot.map(({ name }) => name)).to.deep.equal(['linux', 'initrd']);
    for (const { sha256 } of [...packages, ...udebs]) expect(existsSync(fileInPool(sha256, 'deb'))).to.be.true;
    for (const { sha256 } of netboot) expect(existsSync(fileInPool(sha256, 'netboot'))).to.be.true;
  });

  it('takes over what an installation added, by the manifest of its image, and keeps to it', async () => {
    const before = readFileSync(lockFile, 'utf8');
    const listed = (...names: string[]) => ({
      schemaVersion: 1,
      packages: names.map((name) => ({ name, version: '1.0', architecture: 'amd64' })),
    });
    writeFileSync(at('web.manifest.json'), JSON.stringify(listed('shop', 'lib', 'os-prober', 'linux-image-6.1-amd64')));
    const { stdout, stderr } = await call('lock', 'web', '--from-image', at('web.qcow2'));
    expect(stdout).to.match(/\nThe installer added os-prober$/);
    expect(stderr).to.include('do not have what the installer added once: linux-image-6.1-amd64');
    expect(lock().recorded).to.deep.equal(['os-prober']);
    expect(locked('os-prober').why).to.equal('installer');
    const recorded = readFileSync(lockFile, 'utf8');
    for (const words of [[], ['--update']]) await call('lock', 'web', ...words);
    expect(readFileSync(lockFile, 'utf8')).to.equal(recorded);
    expect((await call('lock', 'web', '--check')).stdout).to.include('up to date');

    writeFileSync(at('other.json'), JSON.stringify(listed('nginx')));
    const fails = (...words: string[]) =>
      execa(program, ['lock', 'web', ...words, '--config', at('my.conf')], { cwd: directory.path, reject: false });
    const foreign = await fails('--from-image', at('other.json'));
    expect(foreign).to.have.property('exitCode', 1);
    expect(foreign.stderr).to.include('has none of the packages that web asks for');
    const nowhere = await fails('--from-image', at('none.qcow2'));
    expect(nowhere).to.have.property('exitCode', 2);
    expect(nowhere.stderr).to.include('neither a list of packages nor a manifest');
    expect(await fails('--from-image', at('other.json'), '--check')).to.have.property('exitCode', 2);
    expect(readFileSync(lockFile, 'utf8')).to.equal(recorded);
    writeFileSync(lockFile, before);
  });

  it('keeps its lock when the mirror moves on, components and start included, until everything shall be new', async () => {
    const before = readFileSync(lockFile, 'utf8');
    const parted: MadePackage = { name: 'partman-base', isUdeb: true, version: '2.0', fields: ['Priority: standard'] };
    await archive.publish('stable', [...usual, newer, parted], 'Fri, 27 Nov 2026 12:00:00 UTC');
    await while_(at('initrd.gz'), initrdLike('two'), async () => {
      await call('lock', 'web');
      const kept = lock();
      expect(kept.packages).to.deep.equal((JSON.parse(before) as PackageLock).packages);
      expect(kept.netboot).to.deep.equal((JSON.parse(before) as PackageLock).netboot);
      expect(kept.udebs?.map(({ version }) => version)).to.deep.equal(['1.0', '1.0']);
      await call('lock', 'web', '--update');
      const renewed = lock();
      expect(locked('shop').version).to.equal('2.0');
      expect(renewed.udebs?.map(({ name, version }) => `${name} ${version}`)).to.deep.equal(['partman-base 2.0']);
      expect(renewed.netboot).not.to.deep.equal(kept.netboot);
    });
    writeFileSync(lockFile, before);
  });

  it('is refused at lock time where the mirror shows an old state again', async () => {
    const before = readFileSync(lockFile, 'utf8');
    await archive.publish('stable', usual, 'Wed, 25 Nov 2026 12:00:00 UTC');
    // apt keeps to a newer one that it has.
    rmSync(at('cache/.packages/apt'), { recursive: true });
    const { stderr, exitCode } = await execa(program, ['lock', 'web', '--config', at('my.conf')], { reject: false });
    expect(exitCode).to.equal(1);
    expect(stderr).to.include('InRelease of stable is older than the one that the lock was made with');
    expect(readFileSync(lockFile, 'utf8')).to.equal(before);
    await archive.publish('stable', usual);
  });

  it('stops before anything runs where packages are nowhere, with what was asked and what is offered', async () => {
    const missing = [locked('shop'), lock().udebs?.[1] ?? locked('lib')];
    const files = [{ name: 'shop' }, ...usual.filter(({ name }) => name === 'partman-base')];
    await archive.publish('stable', [...installersPackages, newer, { name: 'lib' }], 'Fri, 27 Nov 2026 12:00:00 UTC');
    const away = [
      ...missing.map(({ sha256 }) => fileInPool(sha256, 'deb')),
      ...files.map((made) => archive.fileOf(made)),
    ];
    for (const file of away) renameSync(file, `${file}.aside`);
    const said = await refused(1, '--locked');
    for (const file of away) renameSync(`${file}.aside`, file);
    expect(said).to.include('shop 1.0: not in the pool').and.to.include(`${archive.url}/pool/shop_1.0_amd64.deb`);
    expect(said).to.include('offered now: 2.0');
    expect(said).to.include('partman-base 1.0: not in the pool');
    await archive.publish('stable', usual);
  });

  it('is refused for a package in the pool with another content, which it names with the sum', async () => {
    const { sha256, size } = locked('lib');
    const file = fileInPool(sha256, 'deb');
    await while_(file, Buffer.alloc(size, 'x'), async () => {
      expect(await refused(1, '--locked'))
        .to.include(file)
        .and.to.include(`expected ${sha256}`);
    });
  });

  it('is refused for a kernel in the pool with another content', async () => {
    const { sha256 } = lock().netboot?.[0] ?? { sha256: '' };
    await while_(fileInPool(sha256, 'netboot'), kernelLike('evil'), async () => {
      expect(await refused(1, '--locked')).to.include(`instead of ${sha256}`);
    });
  });

  it('is refused where the mirror has another kernel, and the pool none', async () => {
    const { sha256 } = lock().netboot?.[0] ?? { sha256: '' };
    await while_(fileInPool(sha256, 'netboot'), undefined, () =>
      while_(at('linux'), kernelLike('two'), async () => {
        const said = await refused(1, '--locked');
        expect(said).to.match(
          /linux: .*linux has the SHA-256 sum [0-9a-f]{64}, and the package lock web\.json asks for/,
        );
        expect(said).to.include("'image-factory lock --update'");
      }),
    );
  });

  it('is refused for a lock that was changed by hand', async () => {
    const text = readFileSync(lockFile, 'utf8').replace(/^.*"libparted2-udeb".*\n/m, '');
    await while_(lockFile, text, async () => {
      expect(await refused(1, '--locked')).to.include('web.json: it was changed: it has 1 components of the installer');
    });
  });

  it('is refused for a stale lock, with the difference, and for none where one must be', async () => {
    const before = readFileSync(at('my.conf'), 'utf8');
    writeFileSync(at('my.conf'), before.replace('group = shop', 'group = shop\npackages = laptop-detect'));
    const stale = await refused(1);
    expect(stale).to.include('locks/web.json is stale').and.to.include('+ laptop-detect');
    writeFileSync(at('my.conf'), before);
    await while_(lockFile, undefined, async () => {
      expect(await refused(2, '--locked')).to.include('web has no package lock: there is no locks/web.json');
    });
  });

  it('is refused where a signature of the archive does not hold, when a lock is made', async () => {
    const release = join(archive.directory, 'dists/stable/InRelease');
    const text = readFileSync(release, 'utf8');
    await while_(release, text.replace('Origin: Test', 'Origin: Evil'), async () => {
      const said = await refused(1, '--unlocked');
      expect(said)
        .to.include("can't read the indexes of the archives")
        .and.to.match(/signature/i);
    });
    const index = join(archive.directory, 'dists/stable/main/debian-installer/binary-amd64/Packages');
    const listed = readFileSync(index, 'utf8');
    await while_(index, `${listed}\nPackage: evil\n`, async () => {
      rmSync(at('cache/.packages/apt'), { recursive: true });
      expect(await refused(1, '--unlocked')).to.match(/Hash Sum mismatch|unexpected size/i);
    });
  });
});
