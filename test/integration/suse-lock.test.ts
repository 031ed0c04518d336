import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { validateAgama } from '../../src/answers/validators/agama.js';
import { validateAutoyast } from '../../src/answers/validators/autoyast.js';
import { isInstalled } from '../../src/config/image-spec.js';
import { addInstallerSums } from '../../src/images/installer-sums.js';
import { temporaryDirectory } from '../support/demo-image.js';
import { testHost } from '../support/host.js';
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
  ...['enhanced_base', 'minimal_base'].map((name) => ({
    name: `patterns-base-${name}`,
    tags: [`Provides: pattern() = ${name}`, 'Requires: glibc', 'Recommends: nice'],
  })),
  { name: 'control', architecture: 'noarch', tags: ['Provides: system-installation() = openSUSE'] },
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
      ...{
        host: '10.0.2.2:8123',
        directory: '/archive',
        suite: 'oss',
        key: '',
        keyText: '',
        fingerprint: this.key.fingerprint,
      },
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

/** The packages that a profile names, and its script at the end. */
function readProfile(image: string, text: string): { readonly packages: readonly string[]; readonly script: string } {
  if (image === 'opensuse-leap-16.0') {
    type Profile = { software: { packages: string[] }; scripts: { post: { content: string }[] } };
    const { software, scripts } = JSON.parse(text) as Profile;
    return { packages: software.packages, script: scripts.post[0]?.content ?? '' };
  }
  const packages = [...text.matchAll(/<package>(.*)<\/package>/g)].map(([, name = '']) => name);
  const script = text
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
  return { packages, script };
}

/** Schemas that others wrote, and which are not here. */
const schemas = {
  agama: process.env.AGAMA_SCHEMA ?? '/usr/share/agama-cli/profile.schema.json',
  yast: process.env.AUTOYAST_SCHEMA ?? '/usr/share/YaST2/schema/autoyast/rng/profile.rng',
};

const images = [
  { image: 'opensuse-leap-16.0', kind: 'agama', product: 'Leap-release', pattern: 'enhanced_base', components: [] },
  {
    image: 'opensuse-tumbleweed',
    kind: 'yast',
    product: 'openSUSE-release',
    pattern: 'minimal_base',
    components: ['control'],
  },
] as const;

for (const { image, kind, product, pattern, components } of images) {
  describe(`the repository of a package lock, for ${kind} and ${image}`, function () {
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
      await suse.make(repository, image);
    });
    after(async () => {
      await suse?.remove();
      await repository?.remove();
    });

    it('has what the product and the profile ask for, and no more', () => {
      const why = Object.fromEntries(suse.lock.packages.map((each) => [each.name, each.why]));
      expect(why).to.include({ chrony: 'answer file', 'kernel-default': 'installer', [product]: 'installer' });
      expect(why).to.include({ glibc: `depends of patterns-base-${pattern}` });
      expect(why).not.to.have.property('nice');
      expect((suse.lock.udebs ?? []).map(({ name }) => name)).to.deep.equal(components);
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
      const { packages } = readProfile(image, await suse.answerFile());
      const { stdout, exitCode } = await suse.zypper('install', '--no-recommends', ...packages);
      expect(exitCode, stdout).to.equal(0);
      expect(differencesOf(suse.lock.packages, await suse.installed())).to.deep.equal([]);
      expect((await suse.zypper('install', 'nice')).exitCode, 'nothing else is there').not.to.equal(0);
      for (const each of components) expect((await suse.zypper('info', each)).stdout).to.match(/Installed +: No/);
    });

    it('leaves no key in the system', async () => {
      const keys = async () => (await suse.rpm('rpm', '--query', '--all', 'gpg-pubkey*')).stdout;
      expect(await keys()).to.match(/^gpg-pubkey-/);
      const { script } = readProfile(image, await suse.answerFile());
      const loop = /^for key in \$\(rpm [^]*?^done$/m.exec(script)?.[0] ?? '';
      writeFileSync(join(suse.directory, '.rpmmacros'), `%_dbpath ${join(suse.root, database)}\n`);
      await execa('sh', ['-euc', loop], { env: { HOME: suse.directory } });
      expect(await keys()).to.equal('');
      expect(script).to.include('rm -f /etc/zypp/repos.d/*.repo\n');
    });

    it("is what the installer's schema allows", async function () {
      if (!existsSync(schemas[kind])) {
        console.log(`      skipped: there is no ${schemas[kind]}: see docs/distributions.md, "SUSE"`);
        this.skip();
      }
      const file = join(suse.directory, 'profile');
      writeFileSync(file, await suse.answerFile());
      const find =
        kind === 'agama' ? validateAgama : (path: string, schema: string) => validateAutoyast(testHost(), path, schema);
      expect(await find(file, schemas[kind])).to.deep.equal([]);
    });
  });
}

describe('the sums of the parts of YaST in the repository of a package lock', () => {
  const directory = temporaryDirectory();
  const host: Host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  after(() => host.release.releaseAll(silentLog));

  it('are those that the distribution signed, signed by the key of the build, as linuxrc checks them', async () => {
    const at = (name: string) => join(directory.path, name);
    const distribution = await makeBuildKey(host, 'rsa3072');
    const sums = `${'a'.repeat(64)}  boot/x86_64/loader/linux\n${'b'.repeat(64)}  boot/x86_64/root\n`;
    writeFileSync(at('CHECKSUMS'), sums);
    writeFileSync(at('CHECKSUMS.asc'), await distribution.signature(sums));
    const place = `checksums = ${at('CHECKSUMS')}\nchecksums-signature = ${at('CHECKSUMS.asc')}\nkeyring = ${distribution.keyring}\n`;
    const text = `[DEFAULT]\ncache_dir = ${at('cache')}\n[web]\nlike = opensuse-tumbleweed\nsigned-by =\n${place}`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'web', {}, isoDate(new Date()));
    if (!isInstalled(spec)) throw new Error('it has an installer');
    const key = await makeBuildKey(host, 'rsa3072');
    mkdirSync(at('archive'));
    await addInstallerSums(host, spec, { directory: at('archive'), key });
    const listed = at('archive/CHECKSUMS');
    expect(readFileSync(listed, 'utf8')).to.equal(sums);
    mkdirSync(at('home'), { mode: 0o700 });
    // linuxrc's own call.
    const gpg = ['--homedir', at('home'), '--batch', '--no-default-keyring', '--keyring', key.keyring];
    await execa('gpg', [...gpg, '--ignore-valid-from', '--ignore-time-conflict', '--verify', `${listed}.asc`, listed]);

    writeFileSync(at('CHECKSUMS'), sums.replace('bb', 'cc'));
    const refused: unknown = await addInstallerSums(host, spec, { directory: at('archive'), key }).catch(
      (error: unknown) => error,
    );
    expect(refused).to.be.an('error').with.property('message').that.includes('CHECKSUMS');
  });
});
