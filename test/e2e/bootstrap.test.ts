import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import { programDirectory } from '../../src/host/program-directory.js';
import { normalUser } from '../support/normal-user.js';
import { aptMirrorUrl } from './apt-mirror.js';

const imageFactory = join(programDirectory, 'bin/image-factory');

describe('Debian 13, made from its packages alone', () => {
  let directory: string;
  let configuration: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'bootstrap-'));
    configuration = join(directory, 'my.conf');
    writeFileSync(
      configuration,
      `[DEFAULT]
cache_dir = ${directory}/cache
store-dir = ${directory}/store
[server]
like = trixie
package-sources = ${await aptMirrorUrl()} trixie main
group = server
image-size = 2G
boot-test = login
[jeos]
like = server
group = container
options = !kernel
[slim]
like = server
options = !kernel
[board]
like = jeos
arch = arm64
[described]
like = slim
hostname = web
user = alice
ssh-authorized-keys = ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ alice@example.org
ssh-root = no
users = ops
firewall = yes
cloud-init = NoCloud
unattended-upgrades = yes
services-disabled = fstrim.timer
packages = tree -vim-tiny
post-script = ${directory}/post.sh
[failing]
like = described
post-script = ${directory}/fail.sh
[user ops]
sudo = ALL=(root) NOPASSWD: /usr/bin/apt-get
`,
    );
    writeFileSync(join(directory, 'post.sh'), '#!/bin/sh\nid --user --name >/etc/made-by\n');
    writeFileSync(join(directory, 'fail.sh'), '#!/bin/sh\necho this fails >&2\nexit 7\n');
    await call('lock', 'server', 'jeos', 'slim');
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function call(...words: string[]) {
    return execa(imageFactory, [...words, '--config', configuration], { cwd: directory });
  }

  interface Listed {
    readonly packages: readonly { readonly name: string; readonly version: string; readonly architecture: string }[];
  }

  function packagesIn(file: string): string[] {
    const { packages } = JSON.parse(readFileSync(file, 'utf8')) as Listed;
    return packages.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`).sort();
  }

  it('has the packages of its lock, and no others, and boots', async () => {
    const { stderr } = await call('build', 'server', '--locked', '--output-dir', join(directory, 'out'));
    expect(stderr, 'what systemd says of its units').to.not.include('units that fail');
    const manifest = readdirSync(join(directory, 'out')).find((name) => name.endsWith('.manifest.json')) ?? '';
    const locked = packagesIn(join(directory, 'locks/server.json'));
    expect(locked.length).to.be.greaterThan(150);
    expect(packagesIn(join(directory, 'out', manifest))).to.deep.equal(locked);
  });

  for (const [arch, file] of [
    ['amd64', 'server'],
    ['arm64', 'server.arm64'],
  ] as const) {
    it(`has the lock that apt-get -s gives in an empty system of ${arch}`, async () => {
      if (arch !== 'amd64') await call('lock', 'server', '--arch', arch, '--no-fetch');
      const lock = JSON.parse(readFileSync(join(directory, 'locks', `${file}.json`), 'utf8')) as Listed & {
        readonly request: { readonly packages: readonly string[] };
      };
      const root = join(directory, `apt-${arch}`);
      for (const name of ['etc/apt.conf.d', 'etc/preferences.d', 'lists/partial', 'archives/partial', 'state', 'log']) {
        mkdirSync(join(root, name), { recursive: true });
      }
      writeFileSync(join(root, 'status'), '');
      const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
      const source = `deb [arch=${arch} signed-by=${keyring}] ${await aptMirrorUrl()} trixie main\n`;
      writeFileSync(join(root, 'etc/sources.list'), source);
      const at = (name: string, path: string) => `${name} "${join(root, path)}";`;
      writeFileSync(
        join(root, 'apt.conf'),
        [
          ...[at('Dir', ''), at('Dir::Etc', 'etc'), at('Dir::State', 'state'), at('Dir::State::status', 'status')],
          ...[at('Dir::State::lists', 'lists'), at('Dir::Cache', ''), at('Dir::Log', 'log')],
          `APT::Architecture "${arch}"; APT::Architectures { "${arch}"; }; Acquire::Languages "none";`,
          'APT::Sandbox::User ""; Debug::NoLocking "true";',
        ].join('\n'),
      );
      const env = { APT_CONFIG: join(root, 'apt.conf'), LC_ALL: 'C.UTF-8' };
      await execa('apt-get', ['-q', 'update'], { env });
      const words = ['-s', '--no-install-recommends', 'install', '?essential', ...lock.request.packages];
      const { stdout } = await execa('apt-get', words, { env });
      const chosen = [...stdout.matchAll(/^Inst (\S+) \((\S+) .*?\[(\w+)\]\)/gm)].map((match) =>
        match.slice(1).join(' '),
      );
      expect(chosen.length).to.be.greaterThan(150);
      expect(packagesIn(join(directory, 'locks', `${file}.json`))).to.deep.equal(chosen.sort());
    });
  }

  it('is the same for an ordinary user as for root: archives, container images, and the disk', async function () {
    const images = ['jeos', 'slim', 'server'];
    const user = await normalUser();
    try {
      const place = join(user.home, 'images');
      const text = readFileSync(configuration, 'utf8').replaceAll(directory, place);
      const locks = images.map((name) => [`locks/${name}.json`, readFileSync(join(directory, `locks/${name}.json`))]);
      const files = { 'my.conf': text, ...(Object.fromEntries(locks) as Record<string, Buffer>) };
      for (const [name, content] of Object.entries(files)) {
        const [program, ...words] = [...user.command, 'sh', '-c', `mkdir -p "$(dirname "$1")" && cat >"$1"`];
        await execa(program ?? '', [...words, 'sh', join(place, name)], { input: content });
      }
      const options = [...images, '--locked', '--set', 'bundles=oci', '--set', 'boot-test=off'];
      const epoch = { SOURCE_DATE_EPOCH: '1764000000' };
      const [first, ...rest] = [...user.command, 'env', 'SOURCE_DATE_EPOCH=1764000000', user.program];
      const own = [...options, '--config', join(place, 'my.conf'), '--output-dir', join(place, 'out')];
      await execa(first ?? '', [...rest, ...own]);
      const out = join(directory, 'again');
      // The tree of the server is there, and was made without SOURCE_DATE_EPOCH.
      const roots = [...options, '--config', configuration, '--output-dir', out];
      await execa(imageFactory, roots, { cwd: directory, env: epoch });
      const sums = async (from: string) =>
        Object.fromEntries(
          await Promise.all(
            readdirSync(from)
              .filter((name) => /\.(?:tar\.zst|oci\.tar|qcow2)$/.test(name))
              .map(async (name) => {
                const hash = createHash('sha256');
                await pipeline(createReadStream(join(from, name)), hash);
                return [name, hash.digest('hex')] as const;
              }),
          ),
        );
      const made = await sums(out);
      expect(Object.keys(made)).to.have.length(2 * images.length);
      expect(await sums(join(place, 'out'))).to.deep.equal(made);
    } finally {
      await user.remove();
    }
  });

  it('is made for arm64 by an ordinary user of another machine, which knows nothing of it afterwards', async function () {
    const registered = () => readdirSync('/proc/sys/fs/binfmt_misc');
    const before = registered();
    const user = await normalUser();
    try {
      const place = join(user.home, 'images');
      const text = readFileSync(configuration, 'utf8').replaceAll(directory, place);
      const [program, ...words] = [...user.command, 'sh', '-c', 'mkdir -p "$1" && cat >"$1/my.conf"'];
      await execa(program ?? '', [...words, 'sh', place], { input: text });
      const theirs = (...called: string[]) => {
        const [file, ...rest] = [...user.command, user.program, ...called, '--config', join(place, 'my.conf')];
        return execa(file ?? '', rest, { cwd: '/', reject: false, all: true });
      };
      const locked = await theirs('lock', 'board');
      expect(locked.exitCode, locked.all).to.equal(0);
      const built = await theirs('board', '--locked', '--output-dir', join(place, 'out'));
      if (built.all.includes('which came with Linux 6.7')) this.skip();
      expect(built.exitCode, built.all).to.equal(0);
      const names = readdirSync(join(place, 'out'));
      const manifest = names.find((name) => name.endsWith('.manifest.json')) ?? '';
      expect(packagesIn(join(place, 'out', manifest))).to.deep.equal(packagesIn(join(place, 'locks/board.json')));
      const archive = join(place, 'out', names.find((name) => name.endsWith('.tar.zst')) ?? '');
      const { stdout } = await execa('tar', ['-xOf', archive, 'usr/bin/dpkg'], { encoding: 'buffer' });
      // EM_AARCH64, at e_machine of an ELF header.
      expect(stdout[18]).to.equal(183);
      expect(registered()).to.deep.equal(before);
    } finally {
      await user.remove();
    }
  });

  it('is the same archive again', async () => {
    const sums: string[] = [];
    for (const name of ['one.tar', 'two.tar']) {
      await call('bootstrap', 'jeos', join(directory, name), '--locked');
      const hash = createHash('sha256');
      await pipeline(createReadStream(join(directory, name)), hash);
      sums.push(hash.digest('hex'));
    }
    expect(sums[0]).to.equal(sums[1]);
  });

  it('has no kernel where nothing is to boot, and is then an archive instead of a disk', async () => {
    expect(packagesIn(join(directory, 'locks/jeos.json')).filter((each) => /^(linux-image|grub|initramfs)/.test(each)))
      .to.be.empty;
    await call('jeos', '--locked', '--output-dir', join(directory, 'jeos'));
    const names = readdirSync(join(directory, 'jeos'));
    const archive = names.find((name) => name.endsWith('.tar.zst')) ?? '';
    const { stdout } = await execa('tar', ['--list', '--file', join(directory, 'jeos', archive)], {
      maxBuffer: 2 ** 28,
    });
    expect(stdout)
      .to.match(/^(?:\.\/)?usr\/bin\/dpkg$/m)
      .and.not.to.match(/vmlinuz/);
    const manifest = names.find((name) => name.endsWith('.manifest.json')) ?? '';
    expect(packagesIn(join(directory, 'jeos', manifest))).to.deep.equal(packagesIn(join(directory, 'locks/jeos.json')));
  });

  it('is set up as its options say, as an installed system is', async () => {
    await call('described', '--output-dir', join(directory, 'described'));
    const names = readdirSync(join(directory, 'described'));
    const archive = join(directory, 'described', names.find((name) => name.endsWith('.tar.zst')) ?? '');
    const tree = join(directory, 'described/tree');
    mkdirSync(tree);
    await execa('tar', ['--extract', '--file', archive, '--directory', tree, './etc', './home']).catch(() =>
      execa('tar', ['--extract', '--file', archive, '--directory', tree, 'etc', 'home']),
    );
    const content = (path: string) => readFileSync(join(tree, path), 'utf8');
    expect(content('etc/hostname')).to.equal('web\n');
    expect(content('etc/sudoers.d/golden-image')).to.equal('alice ALL=(ALL:ALL) NOPASSWD: ALL\n');
    expect(content('etc/sudoers.d/golden-image-ops')).to.equal('ops ALL=(root) NOPASSWD: /usr/bin/apt-get\n');
    expect(content('home/alice/.ssh/authorized_keys')).to.match(/^ssh-ed25519 AAAA/);
    expect(content('etc/ssh/sshd_config.d/10-golden-image.conf')).to.equal('PermitRootLogin no\n');
    expect(content('etc/nftables.conf')).to.include('policy drop');
    expect(content('etc/cloud/cloud.cfg.d/95-golden-image-datasources.cfg')).to.include('NoCloud');
    expect(content('etc/apt/apt.conf.d/20auto-upgrades')).to.include('Unattended-Upgrade "1"');
    expect(content('etc/made-by')).to.equal('root\n');
    const manifest = names.find((name) => name.endsWith('.manifest.json')) ?? '';
    const packages = packagesIn(join(directory, 'described', manifest)).map((each) => each.replace(/ .*/, ''));
    expect(packages).to.include.members(['sudo', 'nftables', 'cloud-init', 'unattended-upgrades', 'tree']);
    expect(packages).not.to.include('vim-tiny');
    const wanted = (target: string) => readdirSync(join(tree, 'etc/systemd/system', target));
    expect(wanted('sysinit.target.wants')).to.include('nftables.service');
    expect(wanted('timers.target.wants')).not.to.include('fstrim.timer');
  });

  it('is none where its script fails, which is told in the words of the script alone', async () => {
    const { exitCode, stderr } = await execa(
      imageFactory,
      ['failing', '--output-dir', join(directory, 'failing'), '--config', configuration],
      { cwd: directory, reject: false },
    );
    expect(exitCode, stderr).to.equal(1);
    expect(stderr).to.include('this fails').and.not.to.include('authorized_keys');
    expect(readdirSync(join(directory, 'failing')).filter((name) => /\.tar/.test(name))).to.deep.equal([]);
  });

  it('has nothing to do while the lock stays', async () => {
    const { stderr } = await call('jeos', '--locked', '--output-dir', join(directory, 'jeos'));
    expect(stderr).to.include('Nothing has changed');
  });
});
