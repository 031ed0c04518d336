import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { execa } from 'execa';
import { Configuration } from '../../src/config/configuration.js';
import type { BootstrapSpec } from '../../src/config/image-spec.js';
import { resolveImage } from '../../src/config/resolve.js';
import type { Manifest } from '../../src/contents/manifest.js';
import { inputsOfLock } from '../../src/images/bootstrapped.js';
import { nodeOf } from '../../src/nodes/call-worker.js';
import { latestTime } from '../../src/packages/bootstrap.js';
import { readLock } from '../../src/packages/lock-file.js';
import { DebArchive } from '../support/deb-archive.js';
import { program } from '../support/demo-image.js';
import { manifestErrors } from '../support/documents.js';
import { testHost } from '../support/host.js';
import { RpmRepository } from '../support/rpm-repository.js';

/** What a system of the packages of the archive has. */
const files: Readonly<Record<string, string>> = {
  'etc/os-release': 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
  'etc/machine-id': 'c0ffeec0ffeec0ffeec0ffeec0ffee00\n',
  'usr/bin/web': '#!/bin/sh\n',
  'var/lib/dpkg/status': ['base', 'web']
    .map((name) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n`)
    .join('\n'),
};

describe('an image without a kernel', function () {
  this.timeout(300_000);
  let archive: DebArchive;
  let repository: RpmRepository;
  let directory: string;
  let configuration: string;

  before(async () => {
    archive = await DebArchive.make();
    await archive.publish('stable', [
      { name: 'base', fields: ['Essential: yes', 'Priority: required'] },
      { name: 'web' },
    ]);
    repository = await RpmRepository.make();
    await repository.publish('base', [
      { name: 'web', tags: ['Requires: lib'] },
      { name: 'lib', version: '2.0', epoch: 3 },
    ]);
    directory = mkdtempSync(join(tmpdir(), 'tree-image-'));
    configuration = join(directory, 'my.conf');
    writeFileSync(
      configuration,
      `[DEFAULT]
output-dir = ${directory}/out
store-dir = ${directory}/store-of-others
cache_dir = ${directory}/cache
[group it]
packages = base, web
[web]
group = it
store-dir = ${directory}/store
options = !kernel
package-sources = ${archive.url} stable main
package-keyring = ${archive.keyring}
bundles = oci, tar-xz
[web-release]
like = web
output-dir = ${directory}/released
[other]
like = web
group = container
[group rpms]
packages = web
[rpm]
group = rpms
store-dir = ${directory}/store
options = !kernel
distribution = Rocky Linux 9
package-sources = ${repository.url('base')} base
package-keyring = ${repository.keyring}
[child]
parent = web
store-dir = ${directory}/store
options = !kernel
files = ${directory}/files
[qemu]
like = web
bundles = oci, qcow2
`,
    );
    await call('lock', 'web');
    await makeTree();
  });
  after(async () => {
    await archive.remove();
    await repository.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const call = (...words: string[]) =>
    execa(program, [...words, '--config', configuration], { cwd: directory, reject: false, all: true });

  /** What mmdebstrap would make of the lock. */
  async function makeTree(): Promise<void> {
    const tree = join(directory, 'tree');
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(tree, dirname(path)), { recursive: true });
      writeFileSync(join(tree, path), content);
    }
    const packed = `${tree}.tar`;
    execFileSync('tar', ['--create', '--file', packed, '--owner=0', '--group=0', '--directory', tree, '.']);
    const read = Configuration.load(configuration);
    const spec = resolveImage(read, 'web', {}, '2026-11-26') as BootstrapSpec;
    const lock = readLock(join(directory, 'locks/web.json'));
    if (lock === undefined) throw new Error('there is no lock');
    const host = testHost();
    await host.release.after(host.log, async () => {
      const common = { kind: 'unpack', store: spec.storeDir, image: 'web', archive: packed, goldenExcept: [] } as const;
      await nodeOf(host, { ...common, latest: latestTime(lock), inputs: await inputsOfLock(spec, lock) });
    });
  }

  const named = (place: string, pattern: RegExp) => {
    const found = readdirSync(join(directory, place)).filter((name) => pattern.test(name));
    expect(found, `${String(pattern)} in ${place}`).to.have.length(1);
    return join(directory, place, found[0] ?? '');
  };
  const manifestIn = (place: string, pattern = /\.manifest\.json$/) =>
    JSON.parse(readFileSync(named(place, pattern), 'utf8')) as Manifest;

  it('is an archive of its files, described, with bundles, and its packages are those of the lock', async () => {
    const { exitCode, all } = await call('web', '--locked');
    expect(exitCode, all).to.equal(0);
    const { stdout } = await execa('tar', ['--list', '--file', named('out', /\.tar\.zst$/)]);
    expect(stdout.split('\n')).to.include.members(['usr/bin/web', 'etc/os-release']);
    const manifest = manifestIn('out');
    expect(manifestErrors(manifest)).to.equal(undefined);
    expect(manifest.disk).to.equal(undefined);
    expect(manifest.file.format).to.equal('tar');
    expect(manifest.packages?.map(({ name }) => name)).to.deep.equal(['base', 'web']);
    expect(manifest.bundles?.map(({ target }) => target)).to.deep.equal(['oci', 'tar-xz']);
    await execa(
      'sha256sum',
      ['--check', '--quiet', ...readdirSync(join(directory, 'out')).filter((name) => name.endsWith('.sha256sum'))],
      {
        cwd: join(directory, 'out'),
      },
    );
  });

  it('says why its packages can not be installed, and leaves nothing', async () => {
    const store = join(directory, 'empty-store');
    // The packages of the archive make no system: there is not even a shell for their scripts.
    const { exitCode, all } = await call('web', '--store-dir', store, '--output-dir', join(directory, 'failed'));
    expect(exitCode, all).to.equal(1);
    expect(all).to.match(/ERROR: bootstrap: mmdebstrap .* failed with exit code \d+:\n/);
    expect(all).not.to.include('busy');
    expect(readdirSync(join(store, 'staging'))).to.deep.equal([]);
  });

  it('is cleaned as a disk is', async () => {
    const { stdout } = await execa(
      'tar',
      ['--extract', '--to-stdout', '--file', named('out', /\.tar\.zst$/), 'etc/machine-id'],
      {
        reject: false,
      },
    );
    expect(stdout).not.to.include('c0ffee');
  });

  it('has nothing to do while the lock stays', async () => {
    const { exitCode, all } = await call('web', '--locked');
    expect(exitCode, all).to.equal(0);
    expect(all).to.match(/Nothing has changed/);
    expect((await call('web', '--locked', '--dry-run')).all).to.equal(
      `# ${named('out', /\.tar\.zst$/)} is up to date: nothing is done`,
    );
  });

  it('tells in a dry run what it would be made of, and how', async () => {
    const dry = async (...words: string[]) => {
      const { exitCode, all } = await call(...words, '--dry-run', '--output-dir', join(directory, 'dry'));
      return { exitCode, lines: all.replace(/-\d{4}-\d\d-\d\d/, '').split('\n') };
    };
    const store = join(directory, 'store');
    expect(await dry('rpm')).to.deep.equal({
      exitCode: 0,
      lines: [
        "# no package lock locks/rpm.json: the newest packages, which 'image-factory lock rpm' would lock",
        `# tree: a new layer of ${store}`,
        `# image: ${directory}/dry/rpm.tar.zst`,
        'dnf --installroot=TREE --forcearch=x86_64 install PACKAGES',
      ],
    });
    const fresh = await dry('web', '--store-dir', join(directory, 'empty'));
    expect(fresh.lines.slice(0, 2)).to.deep.equal([
      '# package lock locks/web.json: 2 packages, all in the pool',
      `# tree: a new layer of ${directory}/empty`,
    ]);
    expect(fresh.lines[3]).to.equal('mmdebstrap --architectures=amd64 --include=PACKAGES stable TREE REPOSITORY');
    const { lines } = await dry('web');
    expect(lines).to.have.length(3);
    expect(lines[1]).to.match(/^# tree: the layer web\S*, which is there, of /);
    const { exitCode, lines: refused } = await dry('rpm', '--locked');
    expect(exitCode).to.equal(2);
    expect(refused.join('\n')).to.include('rpm has no package lock: there is no locks/rpm.json');
  });

  it('is bundled from its layer while the store has it, and from its archive where it has not', async () => {
    const archive = named('out', /^web-[\d-]+\.tar\.zst$/);
    const aside = join(directory, 'archive.aside');
    const bundled = async (to: string, ...words: string[]) => {
      mkdirSync(join(directory, to));
      const { exitCode, all } = await call('bundle', 'web', 'tar', '--output-dir', join(directory, to), ...words);
      expect(exitCode, all).to.equal(0);
      return (await execa('tar', ['--list', '--file', named(to, /\.tar$/)])).stdout.split('\n');
    };
    const whole = await bundled('of-archive', '--store-dir', join(directory, 'second-store'));
    expect(whole).to.include('usr/bin/web');
    renameSync(archive, aside);
    try {
      // Where it is read, this shows.
      writeFileSync(join(directory, 'in-the-archive'), '');
      await execa('tar', ['--create', '--zstd', '--file', archive, '--directory', directory, 'in-the-archive']);
      expect(await bundled('of-layer')).to.have.members(whole);
      const read = await bundled('of-other-archive', '--store-dir', join(directory, 'third-store'));
      expect(read).to.include('in-the-archive').and.not.to.include('usr/bin/web');
    } finally {
      renameSync(aside, archive);
    }
  });

  it('is promoted to another name: the same bytes, and what describes them', async () => {
    const { exitCode, all } = await call('promote', 'web', 'web-release');
    expect(exitCode, all).to.equal(0);
    const image = named('released', /\.tar\.zst$/);
    expect(statSync(image).ino).to.equal(statSync(named('out', /^web-[\d-]+\.tar\.zst$/)).ino);
    const before = readFileSync(named('out', /^web-[\d-]+\.manifest\.json$/));
    const manifest = manifestIn('released');
    expect(manifestErrors(manifest)).to.equal(undefined);
    expect(manifest.image).to.equal('web-release');
    expect(manifest.promotedFrom).to.deep.equal({
      image: 'web',
      file: (JSON.parse(before.toString()) as Manifest).file.name,
      manifest: createHash('sha256').update(before).digest('hex'),
    });
    const sums = readdirSync(join(directory, 'released')).filter((name) => name.endsWith('.sha256sum'));
    expect(sums).to.have.length(3);
    await execa('sha256sum', ['--check', '--quiet', ...sums], { cwd: join(directory, 'released') });
    for (const { name, sha256 } of manifest.artifacts) {
      const found = createHash('sha256')
        .update(readFileSync(join(directory, 'released', name)))
        .digest('hex');
      expect({ name, sha256: found }).to.deep.equal({ name, sha256 });
    }
    const { exitCode: checked, all: told } = await call('lock', '--check', 'web-release');
    expect(checked, told).to.equal(0);
  });

  it('gets a name that no section has, with the settings of its own', async () => {
    const { exitCode, all } = await call('promote', 'web', 'web-qa');
    expect(exitCode, all).to.equal(0);
    expect(manifestIn('out', /^web-qa-.*manifest/).packages).to.have.length(2);
  });

  it('has no image under the new name where its promotion ends before all is there', async () => {
    mkdirSync(join(directory, 'locks/web-cut.json'));
    const { exitCode, all } = await call('promote', 'web', 'web-cut');
    expect(exitCode, all).to.equal(1);
    const left = readdirSync(join(directory, 'out')).filter((name) => /^web-cut-.*\.tar\.zst(?:\.part)?$/.test(name));
    expect(left).to.be.empty;
    rmSync(join(directory, 'locks/web-cut.json'), { recursive: true });
    expect((await call('promote', 'web', 'web-cut')).exitCode).to.equal(0);
    expect(named('out', /^web-cut-.*\.tar\.zst$/)).to.be.a('string');
  });

  /** Promotes again and again, each time killed some steps later, until a run ends; what it leaves is whole after each of them. */
  async function promotedThoughKilled(
    [image, name]: readonly [string, string],
    { stride, sums: expected }: { readonly stride: number; readonly sums: number },
  ): Promise<void> {
    const killed = fileURLToPath(new URL('../support/killed-at.mjs', import.meta.url));
    const there = () => readdirSync(join(directory, 'out')).filter((file) => file.includes(name));
    const words = ['promote', image, name, '--config', configuration];
    let kills = 0;
    for (let step = 1; ; step += stride) {
      const env = { NODE_OPTIONS: `--import=${killed}`, KILLED_AT: `${step}:${name}` };
      const { signal, exitCode, all } = await execa(program, words, { cwd: directory, env, reject: false, all: true });
      if (signal !== 'SIGKILL') {
        expect(exitCode, all).to.equal(0);
        break;
      }
      kills++;
      const images = there().filter((file) => file.endsWith('.tar.zst') && !file.startsWith('.'));
      for (const each of images.map((file) => `${file}.sha256sum`)) {
        await execa('sha256sum', ['--check', '--quiet', each], { cwd: join(directory, 'out') });
        expect(there().some((file) => file.endsWith('.provenance.json'))).to.be.true;
      }
    }
    expect(kills).to.be.greaterThan(3);
    expect(there().filter((file) => file.startsWith('.') || file.endsWith('.part'))).to.deep.equal([]);
    expect(manifestIn('out', new RegExp(`^${name}-.*manifest`)).promotedFrom?.image).to.equal(image);
    const sums = there().filter((file) => file.endsWith('.sha256sum'));
    expect(sums).to.have.length(expected);
    await execa('sha256sum', ['--check', '--quiet', ...sums], { cwd: join(directory, 'out') });
  }

  it('is promoted by the next run where one was killed, at whatever step', async () => {
    await promotedThoughKilled(['web', 'web-killed'], { stride: 6, sums: 3 });
  });

  it('takes no packages of the command line, which its lock would not know', async () => {
    const { exitCode, all } = await call('web', '--set', 'group=other');
    expect(exitCode, all).to.equal(2);
    expect(all).to.include('--set group: the packages of [web] follow from its section');
  });

  it('is not promoted to a section that asks for other packages', async () => {
    const { exitCode, all } = await call('promote', 'web', 'other');
    expect(exitCode, all).to.equal(1);
    expect(all).to.match(/\[other\] asks for other packages than the lock has:\n {2}\| \+ /);
  });

  it('may be the parent of another one', async () => {
    mkdirSync(join(directory, 'files/srv'), { recursive: true });
    writeFileSync(join(directory, 'files/srv/page'), 'hello\n');
    const { exitCode, all } = await call('child');
    expect(exitCode, all).to.equal(0);
    const { stdout } = await execa('tar', ['--list', '--file', named('out', /^child-.*\.tar\.zst$/)]);
    expect(stdout.split('\n')).to.include.members(['usr/bin/web', 'srv/page']);
    expect(manifestIn('out', /^child-.*manifest/).packages).to.have.length(2);
  });

  it('has a lock that a child is built by, and none of its own', async () => {
    const [lock, aside] = [join(directory, 'locks/web.json'), join(directory, 'locks/web.aside')];
    renameSync(lock, aside);
    try {
      const { exitCode, all } = await call('child', '--locked');
      expect(exitCode, all).to.equal(2);
      expect(all).to.include('web has no package lock: there is no locks/web.json');
      expect((await call('child')).exitCode).to.equal(0);
    } finally {
      renameSync(aside, lock);
    }
    expect((await call('child', '--locked')).exitCode).to.equal(0);
    const { exitCode, all } = await call('why', 'child', 'web');
    expect(exitCode, all).to.equal(2);
    expect(all).to.include('child has no package lock: it is derived from web');
    expect(all).to.include('web has one: image-factory why web web');
    expect((await call('diff', 'web', 'child')).all).to.match(/^# 0 differ, of 2 and 2 packages/m);
  });

  it('has children that get another name without a lock', async () => {
    const { exitCode, all } = await call('promote', 'child', 'child-release');
    expect(exitCode, all).to.equal(0);
    const manifest = manifestIn('out', /^child-release-.*manifest/);
    expect(manifestErrors(manifest)).to.equal(undefined);
    expect(manifest.promotedFrom?.image).to.equal('child');
    expect(existsSync(join(directory, 'locks/child-release.json'))).to.equal(false);
    const refused = await call('promote', 'child', 'other');
    expect(refused.exitCode, refused.all).to.equal(1);
    expect(refused.all).to.include("[other] has a 'group', and child has no package lock");
  });

  it('has children whose promotion without a lock is finished by the next run as well', async () => {
    await promotedThoughKilled(['child', 'child-killed'], { stride: 4, sums: 1 });
    expect(existsSync(join(directory, 'locks/child-killed.json'))).to.equal(false);
  });

  it('is made of packages of rpm as well, by dnf', async () => {
    const { exitCode: made, all: said } = await call('lock', 'rpm');
    expect(made, said).to.equal(0);
    const { exitCode, all } = await call('rpm', '--locked');
    expect(exitCode, all).to.equal(0);
    expect(all).to.match(/has the 2 packages of the lock, and no others/);
    const manifest = manifestIn('out', /^rpm-.*manifest/);
    expect(manifest.packageFormat).to.equal('rpm');
    expect(manifest.packages?.map(({ name, version }) => `${name} ${version}`)).to.deep.equal([
      'lib 3:2.0-1',
      'web 1.0-1',
    ]);
  });

  it('has no disk: a target that is one is refused', async () => {
    const { exitCode, all } = await call('qemu');
    expect(exitCode, all).to.equal(2);
    expect(all).to.include("the target 'qcow2' is a disk, and qemu is none");
  });

  it('is not promoted once it has changed', async () => {
    writeFileSync(named('out', /^web-[\d-]+\.tar\.zst$/), 'damaged');
    const { exitCode, all } = await call('promote', 'web', 'web-qa');
    expect(exitCode, all).to.equal(1);
    expect(all).to.match(/is not the image that was built/);
  });
});
