import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { Configuration } from '../../src/config/configuration.js';
import { isoDate, resolveImage } from '../../src/config/resolve.js';
import { readRpmDatabase } from '../../src/contents/rpm-database.js';
import type { Host } from '../../src/host/host.js';
import { silentLog } from '../../src/host/log.js';
import { ReleaseStack } from '../../src/host/release-stack.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';
import { lockable } from '../../src/images/installer-packages.js';
import type { LockedRepository } from '../../src/images/locked-repository.js';
import { namesOf } from '../../src/images/stages/repository.js';
import { makeBuildKey, type BuildKey } from '../../src/packages/build-key.js';
import { differencesOf } from '../../src/packages/differences.js';
import type { PackageLock } from '../../src/packages/lock-file.js';
import { makeLock } from '../../src/packages/make-lock.js';
import { packageCache } from '../../src/packages/package-cache.js';
import { compileRpmRepository } from '../../src/packages/rpm/compile-repository.js';
import { RpmRepository, type MadeRpm } from '../support/rpm-repository.js';

/** Where SUSE has its database, and rpm of this machine has it not. */
const database = '/usr/lib/sysimage/rpm';

/** What is in openSUSE's repository beside what an image asks for: dependencies, and what nothing asks for. */
const further: readonly MadeRpm[] = [
  {
    name: 'patterns-base-enhanced_base',
    tags: ['Provides: pattern() = enhanced_base', 'Requires: glibc', 'Recommends: nice'],
  },
  { name: 'glibc', version: '2.0' },
  { name: 'nice' },
];

/** An image of SUSE, its lock, and the repository that is compiled from it; what the lock asks for is there, and is empty. */
class LockedSuse {
  readonly directory = mkdtempSync(join(tmpdir(), 'suse-lock-'));
  readonly archive = join(this.directory, 'archive');
  readonly root = join(this.directory, 'root');
  readonly #host: Host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  #configuration!: Configuration;
  lock!: PackageLock;
  key!: BuildKey;

  async make(repository: RpmRepository, image: string): Promise<void> {
    const text = `[web]\nlike = ${image}\npackage-sources = ${repository.url('oss')} oss\npackage-keyring = ${repository.keyring}\n`;
    this.#configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const { request } = await lockable(this.#configuration, { image: 'web', flavor: undefined });
    const made = new Set(further.map(({ name }) => name));
    const asked = request.further.map(({ name }) => name).filter((name) => !made.has(name));
    await repository.publish('oss', [...further, ...asked.map((name) => ({ name }))]);
    const cache = packageCache(join(this.directory, 'cache'));
    this.lock = await makeLock(this.#host, { request, cache, update: { kind: 'everything' }, fetches: true });
    this.key = await makeBuildKey(this.#host, 'rsa3072');
    const wanted = { lock: this.lock, pool: cache.pool, directory: this.archive, suite: 'oss', key: this.key };
    await compileRpmRepository(this.#host, wanted);
    mkdirSync(join(this.root, database), { recursive: true });
  }

  async answerFile(): Promise<string> {
    const repository: LockedRepository = {
      ...{ host: '10.0.2.2:8123', directory: '/archive', suite: 'oss', key: '', fingerprint: this.key.fingerprint },
      packages: namesOf(this.lock),
    };
    const spec = resolveImage(this.#configuration, 'web', {}, isoDate(new Date()));
    return (await renderAnswerFile(answerFileSource(spec, { repository }))).content.toString();
  }

  /** libzypp, as SUSE's installers call it: it installs below a root directory of its own. */
  zypper(...words: string[]) {
    const env = { LC_ALL: 'C', HOME: this.directory, ZYPP_LOCKFILE_ROOT: this.root };
    return execa('zypper', ['--root', this.root, '--non-interactive', '--xmlout', ...words], { env, reject: false });
  }

  rpm(program: 'rpm' | 'rpmkeys', ...words: string[]) {
    return execa(program, ['--define', `_dbpath ${database}`, '--root', this.root, ...words]);
  }

  installed() {
    return readRpmDatabase(this.#host, join(this.root, database));
  }

  async remove(): Promise<void> {
    await this.#host.release.releaseAll(silentLog);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The packages that a profile names. */
function packagesIn(profile: string): string[] {
  return (JSON.parse(profile) as { software: { packages: string[] } }).software.packages;
}

describe('the repository of a package lock, for an installer of SUSE', function () {
  this.timeout(300_000);
  let repository: RpmRepository;
  let suse: LockedSuse;

  before(async function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: zypper installs for root alone; run it with: sudo make check');
      this.skip();
    }
    repository = await RpmRepository.make();
    suse = new LockedSuse();
    await suse.make(repository, 'opensuse-leap-16.0');
  });
  after(async () => {
    await suse?.remove();
    await repository?.remove();
  });

  it('has what the product and the profile ask for, and no more', () => {
    const why = Object.fromEntries(suse.lock.packages.map((each) => [each.name, each.why]));
    expect(why).to.include({
      chrony: 'answer file',
      'kernel-default': 'installer',
      'Leap-release': 'installer',
      'patterns-base-enhanced_base': 'installer',
      glibc: 'depends of patterns-base-enhanced_base',
    });
    expect(why).not.to.have.property('nice');
  });

  it('is refused by libzypp, which asks for the key of the build, until that is trusted', async () => {
    await suse.zypper('addrepo', `file://${suse.archive}`, 'lock');
    const refused = await suse.zypper('refresh');
    expect(refused.exitCode).not.to.equal(0);
    expect(refused.stdout).to.include(`key-fingerprint&gt;${suse.key.fingerprint}&lt;`);
    await suse.rpm('rpmkeys', '--import', join(suse.archive, 'repodata/repomd.xml.key'));
    expect((await suse.zypper('refresh')).stdout).to.include('All repositories have been refreshed');
  });

  it('gives libzypp the packages that the profile names, which are those of the lock', async () => {
    const names = packagesIn(await suse.answerFile());
    const { stdout, exitCode } = await suse.zypper('install', '--no-recommends', ...names);
    expect(exitCode, stdout).to.equal(0);
    expect(differencesOf(suse.lock.packages, await suse.installed())).to.deep.equal([]);
    expect((await suse.zypper('install', 'nice')).exitCode, 'nothing else is there').not.to.equal(0);
  });

  it('leaves no key in the system', async () => {
    const keys = async () => (await suse.rpm('rpm', '--query', '--all', 'gpg-pubkey*')).stdout;
    expect(await keys()).to.match(/^gpg-pubkey-/);
    const script = (JSON.parse(await suse.answerFile()) as { scripts: { post: { content: string }[] } }).scripts
      .post[0];
    const loop = /^for key in \$\(rpm [^]*?^done$/m.exec(script?.content ?? '')?.[0] ?? '';
    writeFileSync(join(suse.directory, '.rpmmacros'), `%_dbpath ${join(suse.root, database)}\n`);
    await execa('sh', ['-euc', loop], { env: { HOME: suse.directory } });
    expect(await keys()).to.equal('');
    expect(script?.content).to.include('rm -f /etc/zypp/repos.d/*.repo\n');
  });

  it("is what Agama's schema allows", async function () {
    const schema = process.env.AGAMA_SCHEMA ?? '/usr/share/agama-cli/profile.schema.json';
    if (!existsSync(schema)) {
      console.log(`      skipped: there is no ${schema}: install agama-cli (openSUSE), or set AGAMA_SCHEMA`);
      this.skip();
    }
    const { validateAgama } = await import('../../src/answers/validators/agama.js');
    const file = join(suse.directory, 'profile.json');
    writeFileSync(file, await suse.answerFile());
    expect(await validateAgama(file, schema)).to.deep.equal([]);
  });
});
