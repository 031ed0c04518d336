import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DebArchive, type MadePackage } from '../../test/support/deb-archive.js';
import { Configuration } from '../config/configuration.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { silentLog } from '../host/log.js';
import { ReleaseStack } from '../host/release-stack.js';
import { suiteIndexes, updateIndexes } from './apt/indexes.js';
import { aptRoot } from './apt/private-root.js';
import { solve } from './apt/solve.js';
import { bootstrapCommand } from './bootstrap.js';
import { makeBuildKey } from './build-key.js';
import { compileRepository } from './compile-repository.js';
import type { PackageLock } from './lock-file.js';
import { makeLock } from './make-lock.js';
import { packageCache } from './package-cache.js';
import { pooled } from './pool.js';
import { packageRequest } from './request.js';

const usual: readonly MadePackage[] = [
  { name: 'base', fields: ['Essential: yes', 'Priority: required'] },
  { name: 'web', version: '1:1.0', fields: ['Depends: lib'] },
  { name: 'lib', architecture: 'all', fields: ['Priority: important'] },
  { name: 'other' },
];

describe('a repository that is compiled from a lock', function () {
  this.timeout(300_000);
  let archive: DebArchive;
  let scratch: string;
  let host: Host;
  let lock: PackageLock;
  const pool = () => packageCache(join(scratch, 'cache')).pool;

  before(async () => {
    archive = await DebArchive.make();
    scratch = mkdtempSync(join(tmpdir(), 'compile-'));
    host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
    await archive.publish('stable', usual);
    const text = `[group it]\npackages = web\n[image]\ngroup = it\npackage-sources = ${archive.url} stable main\npackage-keyring = ${archive.keyring}\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const request = packageRequest(configuration, { image: 'image', flavor: undefined });
    const cache = packageCache(join(scratch, 'cache'));
    lock = await makeLock(host, { request, cache, update: { kind: 'everything' }, fetches: true });
  });
  after(async () => {
    await host.release.releaseAll(silentLog);
    rmSync(scratch, { recursive: true, force: true });
    await archive.remove();
  });

  it('is signed, has the locked packages and no others, and the same solution, though the mirror has newer ones', async () => {
    await archive.publish('stable', [...usual, { name: 'web', version: '1:9.0' }], 'Fri, 27 Nov 2026 12:00:00 UTC');
    const key = await makeBuildKey(host);
    const wanted = { lock, pool: pool(), directory: join(scratch, 'compiled'), suite: 'trixie', key };
    const { directory, keyring } = await compileRepository(host, wanted);
    const sources = [{ url: `file:${directory}`, suite: 'trixie', components: ['main'] }];
    const root = await aptRoot(host, join(scratch, 'apt'), 'amd64', { sources, keyring });
    await updateIndexes(host, root);
    const indexes = await suiteIndexes(host, root, { sources });
    const chosen = await solve(host, root, indexes, { names: ['web'], excluded: new Map(), recommends: false });
    const essence = (all: readonly { name: string; version: string; sha256: string }[]) =>
      all.map(({ name, version, sha256 }) => ({ name, version, sha256 }));
    expect(essence(chosen)).to.deep.equal(essence(lock.packages));
    const index = readFileSync(join(directory, 'dists/trixie/main/binary-amd64/Packages'), 'utf8');
    expect(index.match(/^Package: .*$/gm)).to.deep.equal(['Package: base', 'Package: lib', 'Package: web']);
    expect(index).to.match(/Package: lib\n(?:.*\n)*?Priority: important\n/);
    const [first] = lock.packages;
    if (first === undefined) throw new Error('the lock is empty');
    expect(statSync(pooled(pool(), first)).nlink, 'a link, not a copy').to.equal(2);
  });

  it('has the components of debian-installer in a part of their own', async () => {
    const udeb: MadePackage = {
      name: 'partman-base',
      isUdeb: true,
      fields: ['Priority: standard', 'Kernel-Version: 6.12'],
    };
    await archive.publish('installer', [...usual, udeb]);
    const text = `[group it]\npackages = web\n[image]\ngroup = it\npackage-sources = ${archive.url} stable main\npackage-keyring = ${archive.keyring}\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const installer = { further: [], leftOut: [], udebSuite: 'installer' };
    const request = packageRequest(configuration, { image: 'image', flavor: undefined }, installer);
    const cache = packageCache(join(scratch, 'cache'));
    const own = await makeLock(host, { request, cache, update: { kind: 'everything' }, fetches: true });
    const key = await makeBuildKey(host);
    const wanted = { lock: own, pool: pool(), directory: join(scratch, 'installer'), suite: 'trixie', key };
    const { directory } = await compileRepository(host, wanted);
    const dists = join(directory, 'dists/trixie');
    const index = readFileSync(join(dists, 'main/debian-installer/binary-amd64/Packages'), 'utf8');
    expect(index.match(/^(?:Package|Priority|Kernel-Version): .*$/gm)?.sort()).to.deep.equal([
      'Kernel-Version: 6.12',
      'Package: partman-base',
      'Priority: standard',
    ]);
    const path = /^Filename: (.*\.udeb)$/m.exec(index)?.[1] ?? '';
    expect(existsSync(join(directory, path))).to.be.true;
    expect(readFileSync(join(dists, 'main/binary-amd64/Packages'), 'utf8')).not.to.include('partman-base');
    // What choose-mirror asks for.
    expect(readFileSync(join(dists, 'main/binary-amd64/Release'), 'utf8')).to.include('\nArchitecture: amd64\n');
    expect(readFileSync(join(dists, 'Release'), 'utf8')).to.include(
      ' main/debian-installer/binary-amd64/Packages.gz\n',
    );
  });

  it('is not accepted with another key', async () => {
    const key = await makeBuildKey(host);
    const other = await makeBuildKey(host);
    const wanted = { lock, pool: pool(), directory: join(scratch, 'other'), suite: 'trixie', key };
    const { directory } = await compileRepository(host, wanted);
    const sources = [{ url: `file:${directory}`, suite: 'trixie', components: ['main'] }];
    const root = await aptRoot(host, join(scratch, 'apt'), 'amd64', { sources, keyring: other.keyring });
    const refused = await updateIndexes(host, root).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Failure);
    expect(String(refused)).to.match(/NO_PUBKEY|not signed/);
  });

  it('is not compiled from a pool with another file', async () => {
    const key = await makeBuildKey(host);
    const [first] = lock.packages;
    if (first === undefined) throw new Error('the lock is empty');
    const file = pooled(pool(), first);
    const whole = readFileSync(file);
    rmSync(file);
    writeFileSync(file, Buffer.concat([whole.subarray(1), Buffer.from('x')]));
    const wanted = { lock, pool: pool(), directory: join(scratch, 'tampered'), suite: 'trixie', key };
    const refused = await compileRepository(host, wanted).catch((error: unknown) => error);
    expect(String(refused)).to.include(file).and.to.include(first.sha256);
    expect(existsSync(wanted.directory)).to.be.false;
    rmSync(file);
    writeFileSync(file, whole);
  });

  it('is bootstrapped with every package of the lock, and the time of the lock', () => {
    const repository = { directory: '/r', suite: 'trixie', keyring: '/k.gpg' };
    const url = 'http://127.0.0.1:1';
    const { args, env } = bootstrapCommand({ lock, repository, url, target: 't.tar', scripts: ["echo 'a'"] });
    expect(args).to.include('--include=lib,web').and.to.include('--architectures=amd64');
    expect(args.slice(-3)).to.deep.equal(['trixie', 't.tar', 'deb [signed-by=/k.gpg] http://127.0.0.1:1 trixie main']);
    // What mmdebstrap prints where a script fails, and what every user of the machine sees.
    expect(args.join(' ')).not.to.include("echo 'a'");
    expect(args.filter((word) => word.startsWith('--customize-hook=')).at(-1)).to.equal(
      '--customize-hook=chroot "$1" sh -euc "$IMAGE_FACTORY_SCRIPT_1"',
    );
    expect(env?.['IMAGE_FACTORY_SCRIPT_1']).to.equal("echo 'a'");
    // What is said to dpkg that way would stay in the image.
    expect(args.filter((word) => word.startsWith('--dpkgopt'))).to.deep.equal([]);
    expect(env?.['SOURCE_DATE_EPOCH']).to.equal('1795694400');
  });
});
