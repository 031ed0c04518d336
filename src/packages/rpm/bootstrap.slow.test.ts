import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { RpmRepository } from '../../../test/support/rpm-repository.js';
import { Configuration } from '../../config/configuration.js';
import { readRpmDatabase } from '../../contents/rpm-database.js';
import type { Host } from '../../host/host.js';
import { silentLog } from '../../host/log.js';
import { ReleaseStack } from '../../host/release-stack.js';
import { makeBuildKey } from '../build-key.js';
import { differencesOf } from '../differences.js';
import type { PackageLock } from '../lock-file.js';
import { makeLock } from '../make-lock.js';
import { makeTree } from '../make-tree.js';
import { packageCache } from '../package-cache.js';
import { packageRequest } from '../request.js';
import { compileRpmRepository } from './compile-repository.js';

describe('what is made of a package lock of rpm', function () {
  this.timeout(300_000);
  let repository: RpmRepository;
  let scratch: string;
  let host: Host;
  let lock: PackageLock;
  const pool = () => packageCache(join(scratch, 'cache')).pool;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'rpm-tree-'));
    repository = await RpmRepository.make();
    host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
    await repository.publish('base', [
      { name: 'web', tags: ['Requires: lib'] },
      { name: 'lib', version: '2.0', epoch: 3 },
      { name: 'unwanted' },
    ]);
    const text = `[group it]\npackages = web\n[image]\ngroup = it\ndistribution = Rocky Linux 9\npackage-sources = ${repository.url('base')} base\npackage-keyring = ${repository.keyring}\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const request = packageRequest(configuration, { image: 'image', flavor: undefined });
    const update = { kind: 'everything' } as const;
    lock = await makeLock(host, { request, cache: packageCache(join(scratch, 'cache')), update, fetches: true });
    // What the mirror has later does not come in.
    await repository.publish('base', [
      { name: 'web', version: '7.0' },
      { name: 'lib', version: '7.0', epoch: 3 },
    ]);
  });
  after(async () => {
    await host.release.releaseAll(host.log);
    await repository.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('is a repository that has nothing else, with a signature of the build', async () => {
    const key = await makeBuildKey(host);
    const directory = join(scratch, 'compiled');
    await compileRpmRepository(host, { lock, pool: pool(), directory, suite: '9', key });
    mkdirSync(join(scratch, 'log'));
    const { stdout } = await execa('dnf', [
      ...['--quiet', '--noplugins', `--installroot=${scratch}/root`, '--releasever=9', '--setopt=reposdir=/dev/null'],
      ...[
        `--setopt=cachedir=${scratch}/dnf`,
        `--setopt=logdir=${scratch}/log`,
        `--repofrompath=lock,file://${directory}`,
      ],
      ...['--repo=lock', 'list', 'available'],
    ]);
    expect(stdout.match(/^\S+\.x86_64/gm)).to.have.members(['lib.x86_64', 'web.x86_64']);
    const repomd = join(directory, 'repodata/repomd.xml');
    await execa('gpgv', ['--keyring', key.keyring, `${repomd}.asc`, repomd]);
  });

  it('is a tree of exactly its packages, by dnf, and the same files again', async () => {
    const sums = [];
    for (const name of ['one', 'two']) {
      mkdirSync(join(scratch, name));
      const target = join(scratch, name, 'tree.tar');
      await makeTree(host, {
        ...{ lock, pool: pool(), suite: '9', target, workDir: pool(), scripts: [] },
        later: { sources: [], keyring: undefined },
        serve: () => Promise.reject(new Error('nothing is served')),
      });
      // rpm and dnf record when they installed what.
      const { stdout } = await execa(
        'tar',
        ['--extract', '--to-command=sha256sum', '--file', target, '--exclude=./var/lib/rpm', '--exclude=./var/lib/dnf'],
        { reject: true },
      );
      const { stdout: names } = await execa('tar', [
        ...['--list', '--verbose', '--full-time', '--file', target],
        ...['--exclude=./var/lib/rpm', '--exclude=./var/lib/dnf'],
      ]);
      sums.push(createHash('sha256').update(stdout).update(names).digest('hex'));
      expect(readdirSync(join(scratch, name)), 'nothing is left beside it').to.deep.equal(['tree.tar']);
    }
    const tree = join(scratch, 'tree');
    mkdirSync(tree);
    execFileSync('tar', ['--extract', '--file', join(scratch, 'one/tree.tar'), '--directory', tree]);
    const installed = await readRpmDatabase(host, join(tree, 'var/lib/rpm'));
    expect(differencesOf(lock.packages, installed)).to.deep.equal([]);
    expect(existsSync(join(tree, 'usr/share/web-x86_64'))).to.equal(true);
    expect(sums[0]).to.equal(sums[1]);
  });
});
