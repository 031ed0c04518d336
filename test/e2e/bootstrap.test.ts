import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import { programDirectory } from '../../src/host/program-directory.js';
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
`,
    );
    await call('lock', 'server', 'jeos');
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
    await call('build', 'server', '--locked', '--output-dir', join(directory, 'out'));
    const manifest = readdirSync(join(directory, 'out')).find((name) => name.endsWith('.manifest.json')) ?? '';
    const locked = packagesIn(join(directory, 'locks/server.json'));
    expect(locked.length).to.be.greaterThan(150);
    expect(packagesIn(join(directory, 'out', manifest))).to.deep.equal(locked);
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

  it('has nothing to do while the lock stays', async () => {
    const { stderr } = await call('jeos', '--locked', '--output-dir', join(directory, 'jeos'));
    expect(stderr).to.include('Nothing has changed');
  });
});
