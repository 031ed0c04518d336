import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { RpmRepository, type MadeRpm } from '../../../test/support/rpm-repository.js';
import { Configuration } from '../../config/configuration.js';
import { Failure, UsageError } from '../../host/failure.js';
import type { Host } from '../../host/host.js';
import { silentLog } from '../../host/log.js';
import { ReleaseStack } from '../../host/release-stack.js';
import { lockText, parseLock, type PackageLock } from '../lock-file.js';
import { fetchLocked, makeLock, type Update } from '../make-lock.js';
import { packageCache } from '../package-cache.js';
import { pooled } from '../pool.js';
import { packageRequest, type PackageRequest } from '../request.js';

const usual: readonly MadeRpm[] = [
  { name: 'web', tags: ['Requires: libweb(x86-64) = 1:2.0', 'Requires: /usr/bin/tool', 'Recommends: docs'] },
  { name: 'libweb', version: '2.0', epoch: 1, tags: ['Provides: libweb(x86-64) = 1:2.0'] },
  { name: 'libweb', version: '2.0', epoch: 1, architecture: 'i686', tags: ['Provides: libweb(x86-32) = 1:2.0'] },
  // A newer version of an older epoch.
  { name: 'libweb', version: '9.0', release: '2', tags: ['Provides: libweb(x86-64) = 9.0'] },
  { name: 'tool', architecture: 'noarch', file: '/usr/bin/tool' },
  { name: 'docs', architecture: 'noarch', tags: ['Supplements: web'] },
  { name: 'langpack', architecture: 'noarch', tags: ['Supplements: (web and docs)'] },
  { name: 'game', version: '1.0', release: '1.module_1' },
  { name: 'game', version: '2.0', release: '1.module_2' },
  { name: 'other' },
];

/** Two streams of one module. */
const modules = ['1', '2']
  .map(
    (stream) => `---
document: modulemd
version: 2
data:
  name: game
  stream: "${stream}"
  version: ${stream}
  context: c0ffee0${stream}
  arch: x86_64
  summary: A game
  description: A game
  license: {module: [none]}
  dependencies:
    - requires: {platform: [el9]}
  profiles:
    common: {rpms: [game]}
  artifacts:
    rpms: ["game-0:${stream}.0-1.module_${stream}.x86_64"]
---
document: modulemd-defaults
version: 1
data: {module: game, stream: "1", profiles: {"1": [common], "2": [common]}}
`,
  )
  // The default is there once.
  .join('')
  .replace(/---\ndocument: modulemd-defaults[^]*?\n(?=---\ndocument: modulemd\n)/, '');

describe('a package lock of rpm', function () {
  this.timeout(300_000);
  let repository: RpmRepository;
  let scratch: string;
  let host: Host;

  before(async () => {
    repository = await RpmRepository.make();
    await repository.publish('base', usual, { modules });
  });
  after(() => repository.remove());
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'lock-'));
    host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  function request(group: string, url = repository.url('base')): PackageRequest {
    const text = `[group it]\n${group}\n[image]\ngroup = it\ndistribution = Rocky Linux 9\npackage-sources = ${url} base\npackage-keyring = ${repository.keyring}\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    return packageRequest(configuration, { image: 'image', flavor: undefined });
  }

  function locked(
    group: string,
    {
      old,
      update = { kind: 'nothing' },
      cache = 'cache',
      recorded,
      url,
    }: { old?: PackageLock; update?: Update; cache?: string; recorded?: readonly string[]; url?: string } = {},
  ): Promise<PackageLock> {
    const places = packageCache(join(scratch, cache));
    return makeLock(host, { request: request(group, url), cache: places, old, update, recorded, fetches: true });
  }

  const listed = ({ packages }: PackageLock) =>
    packages.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`);

  async function changed(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } finally {
      await repository.publish('base', usual, { modules });
    }
  }

  async function failure(action: () => Promise<unknown>): Promise<string> {
    try {
      await action();
    } catch (error) {
      if (error instanceof Failure) return error.message;
      throw error;
    }
    throw new Error('nothing failed');
  }

  /** What dnf itself would install. */
  async function byDnf(recommends: boolean, ...names: string[]): Promise<string[]> {
    const at = join(scratch, 'dnf');
    const words = [
      ...[`--installroot=${at}`, '--releasever=9', '--assumeno', '--setopt=reposdir=/dev/null', '--noplugins'],
      ...[`--repofrompath=base,${repository.url('base').replace('file:', 'file://')}`, '--repo=base', '--nogpgcheck'],
      ...[
        `--setopt=install_weak_deps=${recommends}`,
        '--setopt=module_platform_id=platform:el9',
        `--setopt=logdir=${at}`,
      ],
      ...[`--setopt=cachedir=${at}/cache`, 'install', ...names],
    ];
    const { stdout } = await execa('dnf', words, { reject: false, env: { LC_ALL: 'C.UTF-8', COLUMNS: '200' } });
    return [...stdout.matchAll(/^ (\S+) +(x86_64|noarch|i686) +(\S+) +base /gm)]
      .map(([, name = '', architecture = '', version = '']) => `${name} ${version} ${architecture}`)
      .sort();
  }

  it('is what dnf chooses: with epochs, provided files, weak dependencies and another architecture', async () => {
    const lock = await locked('packages = web, libweb.i686\nrecommends = yes');
    const names = ['docs', 'langpack', 'libweb', 'libweb', 'tool', 'web'];
    expect(lock.packages.map(({ name }) => name)).to.deep.equal(names);
    expect(listed(lock).sort()).to.deep.equal(await byDnf(true, 'web', 'libweb.i686'));
    const bare = await locked('packages = web\nrecommends = no');
    expect(listed(bare).sort()).to.deep.equal(await byDnf(false, 'web'));
    expect(listed(bare)).to.deep.equal(['libweb 1:2.0-1 x86_64', 'tool 1.0-1 noarch', 'web 1.0-1 x86_64']);
  });

  it('has the stream of a module that is asked for, else the default one', async () => {
    for (const [asked, version] of [
      ['game', '1.0-1.module_1'],
      ['@game:2', '2.0-1.module_2'],
    ] as const) {
      const lock = await locked(`packages = ${asked}`);
      expect(listed(lock)).to.deep.equal([`game ${version} x86_64`]);
      expect(listed(lock)).to.deep.equal(await byDnf(false, asked));
    }
  });

  it('says why each package is there, which sum it has, and who signed the index', async () => {
    const lock = await locked('packages = web\nrecommends = yes');
    expect(Object.fromEntries(lock.packages.map(({ name, why }) => [name, why]))).to.deep.include({
      web: 'group it',
      libweb: 'depends of web',
      tool: 'depends of web',
      docs: 'recommends of web',
    });
    expect({ ...lock, packages: [], sources: [] }).to.deep.include({ packaging: 'rpm', architecture: 'x86_64' });
    expect(lock.sources[0]?.signers).to.have.length(1);
    for (const each of lock.packages) {
      expect(statSync(pooled(packageCache(join(scratch, 'cache')).pool, each)).size).to.equal(each.size);
    }
    expect(parseLock(lockText(lock), 'lock')).to.deep.equal(JSON.parse(lockText(lock)));
  });

  it('is the same from another cache, and whatever the order of the names', async () => {
    const one = await locked('packages = web, other, libweb.i686');
    const two = await locked('packages = libweb.i686, other\n  web', { cache: 'another' });
    expect(lockText(one)).to.equal(lockText(two));
  });

  it('stays where the repository moves, but for what is updated', () =>
    changed(async () => {
      const old = await locked('packages = web, other');
      const newer: readonly MadeRpm[] = [
        ...usual.filter(({ name }) => !['tool', 'other'].includes(name)),
        { name: 'tool', version: '2.0', architecture: 'noarch', file: '/usr/bin/tool' },
        { name: 'other', version: '2.0' },
      ];
      await repository.publish('base', newer, { modules });
      // `tool` and `other` of the lock are in the pool alone.
      expect(listed(await locked('packages = web, other', { old }))).to.deep.equal(listed(old));
      const one = await locked('packages = web, other', { old, update: { kind: 'packages', names: ['other'] } });
      expect(listed(one)).to.include.members(['other 2.0-1 x86_64', 'tool 1.0-1 noarch']);
      const all = await locked('packages = web, other', { old, update: { kind: 'everything' } });
      expect(listed(all)).to.include.members(['other 2.0-1 x86_64', 'tool 2.0-1 noarch']);
    }));

  it('has the index of now, however new the copy of another one is', () =>
    changed(async () => {
      await locked('packages = other');
      await execa('find', [scratch, '-name', 'repomd.xml', '-exec', 'touch', '-d', 'tomorrow', '{}', '+']);
      await repository.publish('base', [{ name: 'other', version: '2.0' }]);
      expect(listed(await locked('packages = other'))).to.deep.equal(['other 2.0-1 x86_64']);
    }));

  it('has no package that a group excludes, and says what needs it', async () => {
    expect(listed(await locked('packages = web\nexclude = docs\nrecommends = yes'))).not.to.include(
      'docs 1.0-1 noarch',
    );
    expect(await failure(() => locked('packages = web\nexclude = tool'))).to.match(
      /can't be installed together:\n[^]*web[^]*: \[group it\] excludes tool/,
    );
  });

  it('has what an installer was seen to add, while the repositories have it, until something else is recorded', async () => {
    const lock = await locked('packages = web\nrecommends = no', { recorded: ['other', 'kernel-1.0'] });
    expect(lock.recorded).to.deep.equal(['other']);
    expect(lock.packages.find(({ name }) => name === 'other')?.why).to.equal('installer');
    expect(lockText(await locked('packages = web\nrecommends = no', { old: lock }))).to.equal(lockText(lock));
    const without = await locked('packages = web\nrecommends = no', { old: lock, recorded: [] });
    expect(lockText(without)).to.equal(lockText(await locked('packages = web\nrecommends = no')));
    expect(() => parseLock(lockText({ ...lock, recorded: ['--evil'] }), 'a.json')).to.throw("names '--evil'");
  });

  it('names an unknown package, with the nearest one', async () => {
    expect(await failure(() => locked('packages = wep, other'))).to.match(
      /no repository of 'package-sources' has a package 'wep'.*'web'/,
    );
  });

  it('is not made where a repository can not be read, and says where that is, and what was answered', async () => {
    const server = createServer((_, response) => void response.writeHead(403).end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const message = await failure(() => locked(`packages = web`, { url }));
    server.close();
    expect(message).to.include(`| Status code: 403 for ${url}/repodata/repomd.xml`).and.to.include(`| base is ${url}`);
  });

  it('is not made without the keyring that is named', async () => {
    const away = `${repository.keyring}.away`;
    renameSync(repository.keyring, away);
    const refused: unknown = await locked('packages = web').catch((error: unknown) => error);
    renameSync(away, repository.keyring);
    expect(refused).to.be.instanceOf(UsageError);
    expect(String(refused)).to.include(`package-keyring = ${repository.keyring}: there is no such file`);
  });

  it('whose packages are gone is refused with a table: places, answers, and what is offered now', () =>
    changed(async () => {
      const lock = await locked('packages = other');
      rmSync(packageCache(join(scratch, 'cache')).pool, { recursive: true });
      await repository.publish('base', [{ name: 'other', version: '3.0' }]);
      const wanted = { request: request('packages = other'), cache: packageCache(join(scratch, 'cache')) };
      expect(await failure(() => fetchLocked(host, wanted, lock)))
        .to.include('| other 1.0-1: not in the pool')
        .and.to.include('other-1.0-1.x86_64.rpm: no such file or directory')
        .and.to.include('offered now: 3.0-1 (base)');
    }));

  it('is not made of an index that was changed after it was signed', () =>
    changed(async () => {
      const repomd = join(repository.directory, 'base/repodata/repomd.xml');
      writeFileSync(repomd, readFileSync(repomd, 'utf8').replace('<revision>', '<revision>9'));
      expect(await failure(() => locked('packages = web'))).to.match(
        /index of the repository base has no good signature/,
      );
    }));

  it('is made of signed packages where the index is not signed, and of no others', () =>
    changed(async () => {
      await repository.publish('base', usual, { modules, isSigned: false });
      expect(await failure(() => locked('packages = other'))).to.match(/has signed these packages[^]*\| other 1\.0-1/);
      await repository.sign('base');
      expect(listed(await locked('packages = other', { cache: 'signed' }))).to.deep.equal(['other 1.0-1 x86_64']);
    }));
});
