import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DebArchive, type MadePackage } from '../../test/support/deb-archive.js';
import { Configuration } from '../config/configuration.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { silentLog } from '../host/log.js';
import { ReleaseStack } from '../host/release-stack.js';
import { differencesOf, staleness } from './differences.js';
import { lockText, parseLock, type PackageLock } from './lock-file.js';
import { fetchLocked, makeLock, type Update } from './make-lock.js';
import { packageCache } from './package-cache.js';
import { pooled, verifyPooled } from './pool.js';
import { packageRequest, recordedRequest, type PackageRequest } from './request.js';

const usual: readonly MadePackage[] = [
  { name: 'base', fields: ['Essential: yes', 'Priority: required', 'Pre-Depends: libc'] },
  { name: 'libc' },
  { name: 'web', fields: ['Depends: libweb (= 1.0), tool | other', 'Recommends: docs', 'Source: websrc'] },
  { name: 'libweb', fields: ['Source: websrc', 'Depends: libc'] },
  { name: 'tool', architecture: 'all', fields: ['Depends: mailer'] },
  { name: 'mailer' },
  { name: 'other' },
  { name: 'docs' },
  { name: 'shell', version: '1:2.0+b1' },
];

describe('a package lock', function () {
  this.timeout(300_000);
  let archive: DebArchive;
  let scratch: string;
  let host: Host;

  before(async () => {
    archive = await DebArchive.make();
  });
  after(() => archive.remove());
  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'lock-'));
    host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
    await archive.publish('stable', usual);
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  function request(group = 'packages = web, shell\n', image = '', groups = 'it'): PackageRequest {
    const text = `[group it]\n${group}[image]\ngroup = ${groups}\npackage-sources = ${archive.url} stable main\npackage-keyring = ${archive.keyring}\n${image}`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    return packageRequest(configuration, { image: 'image', flavor: undefined });
  }

  function locked(
    wanted = request(),
    { old, update = { kind: 'nothing' }, cache = 'cache' }: { old?: PackageLock; update?: Update; cache?: string } = {},
  ): Promise<PackageLock> {
    const places = packageCache(join(scratch, cache));
    return makeLock(host, { request: wanted, cache: places, old, update, fetches: true });
  }

  async function failure(action: () => Promise<unknown>): Promise<Failure> {
    try {
      await action();
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
    throw new Error('nothing failed');
  }

  const versions = ({ packages }: PackageLock) => packages.map(({ name, version }) => `${name} ${version}`);

  it('has each package with version, path, sum and reason, and each file in the pool', async () => {
    const lock = await locked();
    expect(lock.packages.map(({ name, why }) => `${name}: ${why}`)).to.deep.equal([
      'base: essential',
      'libc: depends of base',
      'libweb: depends of web',
      'mailer: depends of tool',
      'shell: group it',
      'tool: depends of web',
      'web: group it',
    ]);
    const shell = lock.packages.find(({ name }) => name === 'shell');
    expect(shell).to.include({ version: '1:2.0+b1', suite: 'stable', path: 'pool/shell_2.0+b1_amd64.deb' });
    await verifyPooled(packageCache(join(scratch, 'cache')).pool, lock.packages);
    expect(lockText(lock)).not.to.include(archive.directory);
    expect(
      lockText(lock)
        .split('\n')
        .filter((line) => line.includes('"web"') && line.includes('sha256')),
    ).to.have.length(1);
    expect(parseLock(lockText(lock), 'it')).to.deep.equal(lock);
  });

  it('is the same text again, from another cache and with the lists in another order', async () => {
    const first = lockText(await locked());
    expect(lockText(await locked(request(), { cache: 'another' }))).to.equal(first);
    expect(lockText(await locked(request('packages = shell\n    web\n')))).to.equal(first);
    const two = 'packages = web\n[group more]\npackages = shell\n';
    const inOrder = async (groups: string) => lockText(await locked(request(two, '', groups)));
    expect(await inOrder('it, more')).to.equal(await inOrder('more, it'));
  });

  it('has recommended packages where a group says so', async () => {
    const { packages } = await locked(request('packages = web\nrecommends = yes\n'));
    expect(packages.find(({ name }) => name === 'docs')?.why).to.equal('recommends of web');
  });

  it('stays as it is when the archive moves, and moves one package with what must follow', async () => {
    const old = await locked(request('packages = web, shell, other\n'));
    const newer = usual.map((each): MadePackage => {
      if (each.name === 'web')
        return { ...each, version: '2.0', fields: ['Depends: libweb (= 2.0), tool | other', 'Source: websrc'] };
      if (each.name === 'libweb') return { ...each, version: '2.0' };
      return each.name === 'shell' || each.name === 'other' ? { ...each, version: '3.0' } : each;
    });
    await archive.publish('stable', newer, 'Thu, 26 Nov 2026 18:00:00 UTC');
    const wanted = request('packages = web, shell, other\n');
    expect(versions(await locked(wanted, { old }))).to.deep.equal(versions(old));
    const moved = await locked(wanted, { old, update: { kind: 'packages', names: ['web'] } });
    expect(
      differencesOf(old.packages, moved.packages).map(({ name, after }) => `${name} ${after?.version}`),
    ).to.deep.equal(['libweb 2.0', 'web 2.0']);
    const all = await locked(wanted, { old, update: { kind: 'everything' } });
    expect(differencesOf(old.packages, all.packages)).to.have.length(4);
    const error = await failure(() => locked(wanted, { old, update: { kind: 'packages', names: ['nginx'] } }));
    expect(error.message).to.equal("the lock has no package 'nginx'");
  });

  it('names an unknown package, with the nearest', async () => {
    const { message } = await failure(() => locked(request('packages = shel\n')));
    expect(message).to.include("has a package 'shel' (did you mean 'shell'?)");
  });

  it('is not made without a component that is misspelt, whose packages apt would leave out', async () => {
    const { message, hint } = await failure(() =>
      locked({ ...request(), sources: [{ url: archive.url, suite: 'stable', components: ['main', 'mian'] }] }),
    );
    expect(message).to.equal(`the suite stable of ${archive.url} has no component 'mian' (did you mean 'main'?)`);
    expect(hint).to.equal('It has main.');
  });

  it('is not made where packages of the index can not be fetched, and says what was answered', async () => {
    const file = archive.fileOf({ name: 'web' });
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, 100));
    const { message, hint } = await failure(() => locked());
    writeFileSync(file, whole);
    expect(message).to.equal(
      `a package can't be fetched:\n  | web 1.0\n  |   ${archive.url}/pool/web_1.0_amd64.deb: only 100 of ${whole.length} bytes came`,
    );
    expect(hint).to.include("name another one in 'package-sources'");
  });

  it('takes no excluded package for one that a pattern means', async () => {
    await archive.publish('stable', [...usual, { name: 'editor', fields: ['Priority: important'] }]);
    const names = async (group: string) => (await locked(request(group))).packages.map(({ name }) => name);
    expect(await names('packages = shell, ?priority(important)\n')).to.include('editor');
    const without = await names('packages = shell, ?priority(important)\nexclude = editor\n');
    expect(without).to.include('shell').and.not.include('editor');
  });

  it('names the chain that leads to an excluded package', async () => {
    const { message } = await failure(() => locked(request('packages = web\nexclude = mailer, other\n')));
    expect(message).to.include('web needs tool, which needs mailer, which [group it] excludes');
  });

  it('names both sides of a conflict, whichever apt comes to first', async () => {
    await archive.publish('stable', [...usual, { name: 'a-rival', fields: ['Conflicts: libweb'] }]);
    const { message } = await failure(() => locked(request('packages = web, a-rival\n')));
    expect(message)
      .to.match(/^these packages can't be installed together:\n/)
      .and.include('a-rival : Conflicts: libweb');
  });

  it('is not made of an index that nobody signed, or that was changed', async () => {
    const index = join(archive.directory, 'dists/stable/main/binary-amd64/Packages');
    const text = readFileSync(index, 'utf8');
    writeFileSync(index, text.replace('Version: 1.0', 'Version: 9.9'));
    expect((await failure(() => locked())).message).to.match(/can't read the indexes(.|\n)*Hash Sum mismatch/);
    writeFileSync(index, text);
    const release = join(archive.directory, 'dists/stable/InRelease');
    writeFileSync(release, readFileSync(release, 'utf8').replace('Origin: Test', 'Origin: Evil'));
    const { message } = await failure(() => locked(request(), { cache: 'another' }));
    expect(message).to.match(/can't read the indexes(.|\n)*(signature|BADSIG|not signed)/i);
  });

  it('is not made of a state whose time is over, or says so where apt is set not to mind', async () => {
    const until = 'Valid-Until: Fri, 05 Jan 2024 12:00:00 UTC';
    await archive.publish('stable', usual, 'Mon, 01 Jan 2024 12:00:00 UTC', [until]);
    const told: string[] = [];
    host = { ...host, log: { ...silentLog, warn: (message: string) => void told.push(message) } };
    const refused: unknown = await locked().catch((error: unknown) => error);
    expect(refused instanceof Failure ? refused.message : told.join('\n')).to.match(
      /expired|was valid until Fri, 05 Jan 2024/,
    );
  });

  it('is not made of an older state of the archive than before', async () => {
    const old = await locked();
    await archive.publish('stable', usual, 'Thu, 26 Nov 2026 01:00:00 UTC');
    const { message } = await failure(() => locked(request(), { old, cache: 'another' }));
    expect(message).to.include('InRelease of stable is older than the one that the lock was made with');
  });

  it('is stale when the group is another, or the solver', async () => {
    const lock = await locked();
    const now = { solver: lock.solver, architecture: 'amd64' };
    expect(staleness(lock, recordedRequest(request()), now)).to.deep.equal([]);
    const edited = request('packages = web, docs\nrecommends = yes\nexclude = other\n');
    expect(staleness(lock, recordedRequest(edited), { ...now, solver: { name: 'apt', version: '99' } })).to.deep.equal([
      '+ docs',
      '- shell',
      '+ excluded other',
      'recommends: false -> true',
      `solver: apt ${lock.solver.version} -> apt 99`,
    ]);
  });

  it('that was changed by hand is refused, with what is wrong', async () => {
    const text = lockText(await locked());
    const refused = async (from: string | RegExp, to: string) =>
      (await failure(async () => Promise.resolve(parseLock(text.replace(from, to), 'it.json')))).message;
    expect(await refused('"shell"', '"nothing"')).to.include("'request' was changed");
    expect(await refused(/"path":"pool\/web/, '"path":"../pool/web')).to.match(
      /it\.json: line \d+: the package 'web': its path leads/,
    );
    expect(await refused(/"size":\d+/, '"size":1')).to.include('it was changed: it has 7 packages');
    expect(await refused('"format": 1', '"format": 2')).to.include('the format 2');
    expect(await refused('{', '')).to.include('not a package lock');
    expect(await refused('"1:2.0+b1"', '"1:3.0"')).to.match(/it was changed: what is locked has the SHA-256 sum/);
    expect(await refused(/"sha256":"./, '"sha256":"0')).to.include('it was changed');
    // A lock of an earlier release.
    expect(parseLock(text.replace(/ {2}"contents".*\n/, ''), 'it.json').packages).to.have.length(7);
  });

  describe('after the mirror moved', () => {
    const cache = () => packageCache(join(scratch, 'cache'));
    const shellFile = () => archive.fileOf({ name: 'shell', version: '1:2.0+b1' });

    it('has its packages in the pool', async () => {
      const lock = await locked();
      renameSync(shellFile(), `${shellFile()}.gone`);
      expect(await fetchLocked(host, { request: request(), cache: cache() }, lock)).to.equal(0);
      renameSync(`${shellFile()}.gone`, shellFile());
    });

    it('finds them at the recorded path, else in an archive that the section names', async () => {
      const lock = await locked();
      const older = mkdtempSync(join(scratch, 'older-'));
      rmSync(cache().pool, { recursive: true });
      mkdirSync(join(older, 'pool'));
      renameSync(shellFile(), join(older, 'pool/shell_2.0+b1_amd64.deb'));
      const wanted = request(undefined, `package-archives = file:${older}\n`);
      expect(await fetchLocked(host, { request: wanted, cache: cache() }, lock)).to.equal(lock.packages.length);
      renameSync(join(older, 'pool/shell_2.0+b1_amd64.deb'), shellFile());
    });

    it('else ends with a table: package, version, places, successor', async () => {
      const lock = await locked();
      rmSync(cache().pool, { recursive: true });
      renameSync(shellFile(), `${shellFile()}.gone`);
      await archive.publish(
        'stable',
        [...usual.slice(0, -1), { name: 'shell', version: '1:2.1' }],
        'Thu, 26 Nov 2026 20:00:00 UTC',
      );
      const { message, hint } = await failure(() => fetchLocked(host, { request: request(), cache: cache() }, lock));
      expect(message).to.include('a package of the lock is nowhere to be found');
      expect(message).to.include('shell 1:2.0+b1: not in the pool');
      expect(message).to.include(`${archive.url}/pool/shell_2.0+b1_amd64.deb: `);
      expect(message).to.include('offered now: 1:2.1 (stable)');
      expect(hint).to.include('package-archives');
      renameSync(join(archive.directory, 'dists'), join(archive.directory, 'away'));
      const unread = await failure(() => fetchLocked(host, { request: request(), cache: cache() }, lock));
      renameSync(join(archive.directory, 'away'), join(archive.directory, 'dists'));
      expect(unread.message).to.include("offered now: unknown, since the indexes can't be read");
      renameSync(`${shellFile()}.gone`, shellFile());
    });

    it('takes no other file for one of them', async () => {
      const lock = await locked();
      rmSync(cache().pool, { recursive: true });
      const whole = readFileSync(shellFile());
      writeFileSync(shellFile(), Buffer.concat([whole, Buffer.from('x')]));
      const { message } = await failure(() => fetchLocked(host, { request: request(), cache: cache() }, lock));
      const sum = lock.packages.find(({ name }) => name === 'shell')?.sha256;
      expect(message).to.match(new RegExp(`its SHA-256 is [0-9a-f]{64}, and the lock says ${sum}`));
      writeFileSync(shellFile(), whole);
    });

    it('names a file of the pool that was changed', async () => {
      const lock = await locked();
      const [first] = lock.packages;
      if (first === undefined) throw new Error('the lock is empty');
      const file = pooled(cache().pool, first);
      expect(existsSync(file)).to.be.true;
      rmSync(file);
      writeFileSync(file, 'x'.repeat(first.size));
      const { message } = await failure(() => verifyPooled(cache().pool, lock.packages));
      expect(message)
        .to.include(`${file} is not the package base 1.0 of the lock`)
        .and.to.include(`expected ${first.sha256}`);
    });
  });
});
