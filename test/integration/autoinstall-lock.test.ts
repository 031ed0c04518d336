import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { parse } from 'yaml';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { validateAutoinstall } from '../../src/answers/validators/autoinstall.js';
import { Configuration } from '../../src/config/configuration.js';
import { isoDate, resolveImage } from '../../src/config/resolve.js';
import type { Host } from '../../src/host/host.js';
import { silentLog } from '../../src/host/log.js';
import { ReleaseStack } from '../../src/host/release-stack.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';
import { lockable } from '../../src/images/installer-packages.js';
import { namesOf } from '../../src/images/stages/repository.js';
import { serveDirectory } from '../../src/install/content-server.js';
import { makeBuildKey } from '../../src/packages/build-key.js';
import { compileRepository } from '../../src/packages/compile-repository.js';
import type { PackageLock } from '../../src/packages/lock-file.js';
import { makeLock } from '../../src/packages/make-lock.js';
import { packageCache } from '../../src/packages/package-cache.js';
import { DebArchive } from '../support/deb-archive.js';
import { temporaryDirectory } from '../support/demo-image.js';

interface UserData {
  readonly autoinstall: {
    readonly apt: {
      readonly sources_list: string;
      readonly sources: { readonly 'package-lock': { readonly key: string } };
    };
    readonly 'late-commands': readonly (string | readonly string[])[];
  };
}

describe('the user-data of subiquity, for a package lock', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const host: Host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  let archive: DebArchive;
  let lock: PackageLock;
  let userData: string;

  before(async () => {
    archive = await DebArchive.make();
    const text = `[web]\nlike = ubuntu-24.04\npackages = shop\npackage-sources = ${archive.url} noble main\npackage-keyring = ${archive.keyring}\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const { request } = await lockable(configuration, { image: 'web', flavor: undefined });
    const asked = request.further.map(({ name }) => name).filter((name) => !name.startsWith('?') && name !== 'shop');
    await archive.publish('noble', [
      { name: 'base-files', fields: ['Essential: yes', 'Priority: required'] },
      { name: 'adduser', fields: ['Priority: important'] },
      { name: 'shop', fields: ['Depends: lib'] },
      ...['lib', 'game', ...asked].map((name) => ({ name })),
    ]);
    const cache = packageCache(at('cache'));
    lock = await makeLock(host, { request, cache, update: { kind: 'everything' }, fetches: true });
    const key = await makeBuildKey(host);
    mkdirSync(at('served'));
    const wanted = { lock, pool: cache.pool, directory: at('served/archive'), suite: 'noble', key };
    await compileRepository(host, wanted);
    const server = await serveDirectory(host, at('served'));
    host.release.hold('the server', () => server.close());
    const repository = {
      ...{ host: server.guestHost.replace(/^.*:/, '127.0.0.1:'), directory: '/archive', suite: 'noble' },
      ...{ key: readFileSync(key.keyring).toString('base64'), keyText: key.text, fingerprint: key.fingerprint },
      packages: namesOf(lock),
    };
    const spec = resolveImage(configuration, 'web', {}, isoDate(new Date()));
    userData = (await renderAnswerFile(answerFileSource(spec, { repository }))).content.toString();
  });
  after(async () => {
    await host.release.releaseAll(silentLog);
    await archive.remove();
  });

  /** apt, as subiquity asks it whether a mirror is usable, with what curtin writes of `apt`. */
  async function apt(
    name: string,
    { sources_list, sources }: Partial<UserData['autoinstall']['apt']>,
    ...words: string[]
  ) {
    const root = at(name);
    for (const each of ['etc/trusted.gpg.d', 'lists/partial', 'archives/partial', 'log']) {
      mkdirSync(join(root, each), { recursive: true });
    }
    writeFileSync(join(root, 'etc/sources.list'), `${sources_list}\n`);
    if (sources) writeFileSync(join(root, 'etc/trusted.gpg.d/package-lock.asc'), sources['package-lock'].key.trimEnd());
    writeFileSync(join(root, 'status'), '');
    const options = [
      ...[`Dir=${root}`, `Dir::Etc=${root}/etc`, `Dir::State=${root}`, `Dir::State::status=${root}/status`],
      ...[`Dir::Cache=${root}`, `Dir::Log=${root}/log`, 'APT::Sandbox::User=root', 'Debug::NoLocking=true'],
      ...['APT::Update::Error-Mode=any', 'Acquire::Languages=none', 'APT::Architecture=amd64'],
    ];
    return execa('apt-get', [...options.map((option) => `-o${option}`), ...words], {
      ...{ all: true, reject: false, env: { LC_ALL: 'C.UTF-8', http_proxy: '' } },
    });
  }

  it('names a source that apt takes by its key, which has the packages of the lock alone', async () => {
    const { autoinstall } = parse(userData) as UserData;
    const update = await apt('good', autoinstall.apt, 'update');
    expect(update.exitCode, update.all).to.equal(0);
    const names = lock.packages.map(({ name }) => name);
    const { exitCode, stdout } = await apt('good', autoinstall.apt, '--simulate', 'install', ...names);
    expect(exitCode).to.equal(0);
    const chosen = [...stdout.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name, version]) => `${name} ${version}`);
    expect(chosen.sort()).to.deep.equal(lock.packages.map(({ name, version }) => `${name} ${version}`).sort());
    const other = await apt('good', autoinstall.apt, '--simulate', 'install', 'game');
    expect(other.all).to.include('Unable to locate package game');
    const { sources_list } = autoinstall.apt;
    expect((await apt('without', { sources_list }, 'update')).exitCode, 'it needs the key').to.equal(100);
  });

  it('makes the system what the lock has, in a script that shellcheck likes', async function () {
    const { autoinstall } = parse(userData) as UserData;
    const [, coded = ''] = /echo (\S+) \| base64 -d/.exec(autoinstall['late-commands'].flat().join('\n')) ?? [];
    const script = Buffer.from(coded, 'base64').toString();
    expect(script).to.match(/^printf '%s\\n' [^\n]*\bshop\b[^\n]* \| sort >"\$locked"$/m);
    if (!existsSync('/usr/bin/shellcheck')) {
      console.log('      skipped: shellcheck is not installed; run it with: make check');
      this.skip();
    }
    const options = ['--shell=sh', '--exclude=SC2016,SC2116,SC2194', '-'];
    expect((await execa('shellcheck', options, { input: script, reject: false })).stdout).to.equal('');
  });

  it("is what subiquity's schema allows", async function () {
    const schema = process.env.AUTOINSTALL_SCHEMA ?? '/usr/share/subiquity/autoinstall-schema.json';
    if (!existsSync(schema)) {
      console.log(`      skipped: there is no ${schema}: see docs/distributions.md, "Ubuntu"`);
      this.skip();
    }
    writeFileSync(at('user-data'), userData);
    expect(await validateAutoinstall(at('user-data'), schema)).to.deep.equal([]);
  });
});
