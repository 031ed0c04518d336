import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Configuration } from '../../src/config/configuration.js';
import type { ImageSpec } from '../../src/config/image-spec.js';
import { resolveImage } from '../../src/config/resolve.js';
import { Failure } from '../../src/host/failure.js';
import { buildPaths } from '../../src/images/build.js';
import { installerLocation, pinnedFiles } from '../../src/images/netboot.js';
import { materials } from '../../src/images/materials.js';
import { expectPinned } from '../../src/sources/linked-file.js';
import { fetchNetbootFiles, type NetbootFile } from '../../src/sources/netboot-files.js';
import { netbootSources } from '../../src/sources/netboot-source.js';
import { withoutProxies, rejection, testHost } from '../support/host.js';
import { fileMirror, sha256, SigningKeys, type FileMirror } from '../support/mirror.js';
import { shippedImages, shippedSpec } from '../support/shipped-images.js';

const patience = { connectMs: 120_000, stallMs: 120_000, attempts: 1, firstPauseMs: 10, longestPauseMs: 50 };

/** What a kernel and an initrd look like from their first bytes. */
const kernel = Buffer.concat([Buffer.alloc(0x202), Buffer.from('HdrS'), Buffer.alloc(2000, 'k')]);
const initrd = Buffer.concat([Buffer.from('070701'), Buffer.alloc(3000, 'i')]);
const evil = Buffer.concat([kernel, Buffer.from('evil')]);

/** Trees on a server of this machine that have the form of the distributions' own, signed by keys of the tests. */
describe('the netboot files of shipped images', () => {
  let keys: SigningKeys;
  let mirror: FileMirror;
  let directory: string;
  let restoreProxies: () => void;
  const host = testHost();

  before(() => {
    keys = new SigningKeys();
    keys.make('distribution');
    keys.make('stranger');
    restoreProxies = withoutProxies();
  });
  after(() => {
    keys.close();
    restoreProxies();
  });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'shipped-trees-'));
    mirror = await fileMirror();
  });
  afterEach(async () => {
    await mirror.close();
    rmSync(directory, { recursive: true });
  });

  /** A shipped image that takes its files from the server here, and trusts the test's key. */
  function spec(image: string, settings: Readonly<Record<string, string>>): ImageSpec {
    const set = { ...settings, 'signed-by': keys.fingerprint('distribution'), cache_dir: join(directory, 'cache') };
    const text = `[${image}]\nlike = ${image}\n${Object.entries(set)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join('')}`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    return resolveImage(configuration, image, {}, '2026-01-02');
  }

  function fetch(image: ImageSpec): Promise<NetbootFile[]> {
    const cache = { root: join(directory, 'cache'), image: image.name };
    const to = pinned(image);
    mkdirSync(to, { recursive: true });
    return fetchNetbootFiles(host, cache, to, netbootSources(image), image, patience);
  }

  const pinned = (image: ImageSpec) => buildPaths({ ...image, outputDir: directory }, 'output').netbootFiles;
  const publicKeys = () => readFileSync(keys.keyring(['distribution'], { armour: true }));
  const serve = (path: string, content: Buffer | string) => mirror.files.set(path, content);
  const sign = (path: string, by = 'distribution', options: readonly string[] = []) =>
    serve(path, keys.sign(mirror.files.get(path.replace(/\.(gpg|asc)$/, '')) ?? '', [by], { options }));

  async function expectRefused(image: ImageSpec, why: RegExp): Promise<void> {
    const failure = await rejection(fetch(image));
    expect(failure).to.be.instanceOf(Failure);
    expect((failure as Failure).message).to.match(why);
  }

  describe('of Ubuntu', () => {
    /** https://releases.ubuntu.com/24.04/ */
    const tree = '/24.04';
    const archive = `${tree}/ubuntu-24.04.5-netboot-amd64.tar.gz`;

    function ubuntu(): ImageSpec {
      return spec('ubuntu-24.04', {
        'ubuntu-releases': mirror.url,
        'ubuntu-keyring': `${mirror.url}/ubuntu/project/ubuntu-archive-keyring.gpg`,
      });
    }

    function publish(files: Readonly<Record<string, Buffer>> = {}): void {
      serve('/ubuntu/project/ubuntu-archive-keyring.gpg', readFileSync(keys.keyring(['distribution', 'stranger'])));
      serve(
        archive,
        tarball({ 'amd64/linux': kernel, 'amd64/initrd': initrd, 'amd64/grub/grub.cfg': Buffer.from('#'), ...files }),
      );
      const listed = [archive].map(
        (path) => `${sha256(mirror.files.get(path) ?? '')} *${path.slice(tree.length + 1)}\n`,
      );
      serve(`${tree}/SHA256SUMS`, `${sha256('iso')} *ubuntu-24.04.5-live-server-amd64.iso\n${listed.join('')}`);
      sign(`${tree}/SHA256SUMS.gpg`, 'distribution', ['--armor']);
    }

    function tarball(files: Readonly<Record<string, Buffer>>): Buffer {
      const from = mkdtempSync(join(directory, 'tar-'));
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(from, path)), { recursive: true });
        writeFileSync(join(from, path), content);
      }
      return execFileSync('tar', ['--directory', from, '--create', '--gzip', './amd64']);
    }

    it('come out of the archive for which the signed list has a sum', async () => {
      publish();
      const image = ubuntu();
      const files = await fetch(image);
      expect(files.map(({ name, sha256: sum }) => [name, sum])).to.deep.equal([
        ['netboot-archive', sha256(mirror.files.get(archive) ?? '')],
        ['linux', sha256(kernel)],
        ['initrd', sha256(initrd)],
      ]);
      for (const { verified } of files) {
        expect(verified[0]).to.include({ by: 'signed checksum list', fingerprint: keys.fingerprint('distribution') });
      }
      const where = pinnedFiles({ ...plan(image) });
      for (const { name, sha256: sum } of files) await expectPinned(host, where[name] ?? '', sum);
      expect(installerLocation(plan(image))).to.include({
        kind: 'netboot',
        linux: 'linux-linux',
        initrd: 'initrd-initrd',
      });
      writeFileSync(join(directory, 'answers'), '');
      const made = await materials(host, image, { answerFile: join(directory, 'answers'), netbootFiles: files });
      const { netbootFiles } = 'installer' in made ? made.installer : { netbootFiles: [] };
      expect(netbootFiles.map(({ uri }) => uri)).to.deep.equal([
        `${mirror.url}${archive}`,
        `${mirror.url}${archive}#amd64/linux`,
        `${mirror.url}${archive}#amd64/initrd`,
      ]);
    });

    const plan = (image: ImageSpec) =>
      ({ spec: image, paths: buildPaths({ ...image, outputDir: directory }, 'output') }) as Parameters<
        typeof installerLocation
      >[0];

    it('are refused in an archive that was changed', async () => {
      publish();
      serve(archive, tarball({ 'amd64/linux': evil, 'amd64/initrd': initrd }));
      await expectRefused(ubuntu(), /its SHA-256 sum is .*, but .*SHA256SUMS lists/);
    });

    it('are refused with a list that another key of the keyring has signed', async () => {
      publish();
      sign(`${tree}/SHA256SUMS.gpg`, 'stranger');
      await expectRefused(
        ubuntu(),
        new RegExp(`is by the key ${keys.fingerprint('stranger')} .*, which is not one of signed-by$`),
      );
    });

    it('must be in the archive, and be what they should be', async () => {
      publish({ 'amd64/linux': Buffer.from('no kernel\n') });
      await expectRefused(ubuntu(), /^linux: amd64\/linux in .* can't be used: it is not a Linux kernel, but a text/);
      publish();
      const elsewhere = spec('ubuntu-24.04', {
        'ubuntu-releases': mirror.url,
        'ubuntu-keyring': `${mirror.url}/ubuntu/project/ubuntu-archive-keyring.gpg`,
        initrd: 'arm64/initrd',
      });
      await expectRefused(elsewhere, /^initrd: arm64\/initrd in .* does not exist$/);
    });

    it('of the last release with the classic installer have a signed list of their own', async () => {
      // http://archive.ubuntu.com/ubuntu/dists/focal-updates/main/installer-amd64/current/legacy-images/
      const images = '/ubuntu/dists/focal-updates/main/installer-amd64/current/legacy-images';
      const netboot = './netboot/ubuntu-installer/amd64';
      serve('/ubuntu/project/ubuntu-archive-keyring.gpg', readFileSync(keys.keyring(['distribution'])));
      serve(`${images}/netboot/ubuntu-installer/amd64/linux`, kernel);
      serve(`${images}/netboot/ubuntu-installer/amd64/initrd.gz`, initrd);
      serve(`${images}/SHA256SUMS`, `${sha256(kernel)}  ${netboot}/linux\n${sha256(initrd)}  ${netboot}/initrd.gz\n`);
      sign(`${images}/SHA256SUMS.gpg`);
      const image = spec('ubuntu-20.04', {
        'ubuntu-mirror-host': mirror.url.replace('http://', ''),
        'ubuntu-keyring': `${mirror.url}/ubuntu/project/ubuntu-archive-keyring.gpg`,
      });
      expect((await fetch(image)).map(({ verified }) => verified[0]?.by)).to.deep.equal(
        Array(2).fill('signed checksum list'),
      );
      serve(`${images}/netboot/ubuntu-installer/amd64/linux`, evil);
      await expectRefused(image, /its SHA-256 sum is/);
    });
  });

  describe('of openSUSE and SLES', () => {
    const trees = {
      'opensuse-leap-15.6': '/distribution/leap/15.6/repo/oss',
      'opensuse-leap-16.0': '/distribution/leap/16.0/repo/oss',
      'opensuse-tumbleweed': '/tumbleweed/repo/oss',
      'sles-15': '/15',
    };

    for (const [name, tree] of Object.entries(trees)) {
      it(`are those of the signed CHECKSUMS: ${name}`, async () => {
        const boot = 'boot/x86_64/loader';
        serve(`${tree}/${boot}/linux`, kernel);
        serve(`${tree}/${boot}/initrd`, initrd);
        serve(`${tree}/CHECKSUMS`, `${sha256(kernel)}  ${boot}/linux\n${sha256(initrd)}  ${boot}/initrd\n`);
        sign(`${tree}/CHECKSUMS.asc`, 'distribution', ['--armor']);
        serve(
          name.startsWith('sles') ? `${tree}/CHECKSUMS.key` : '/tumbleweed/repo/oss/repodata/repomd.xml.key',
          publicKeys(),
        );
        const image = spec(name, { 'opensuse-mirror': mirror.url, 'sles-mirror': mirror.url });
        for (const { verified } of await fetch(image)) {
          expect(verified[0]).to.include({ by: 'signed checksum list', fingerprint: keys.fingerprint('distribution') });
        }
        serve(`${tree}/CHECKSUMS`, `${sha256(evil)}  ${boot}/linux\n${sha256(initrd)}  ${boot}/initrd\n`);
        serve(`${tree}/${boot}/linux`, evil);
        await expectRefused(image, /does not match the file that it signs/);
        sign(`${tree}/CHECKSUMS.asc`, 'stranger');
        await expectRefused(image, /is by the key .*, which is not in/);
      });
    }
  });

  describe('by Anaconda', () => {
    for (const [name, settings, tree] of [
      ['fedora-44', 'fedora-mirror', '/releases/44/Everything/x86_64/os'],
      ['rocky-9', 'rocky-mirror', '/9/BaseOS/x86_64/os'],
      ['rhel-9', 'rhel-mirror', '/9'],
    ] as const) {
      it(`have the sums of the tree's .treeinfo, for which TLS alone vouches: ${name}`, async () => {
        serve(`${tree}/images/pxeboot/vmlinuz`, kernel);
        serve(`${tree}/images/pxeboot/initrd.img`, initrd);
        const sums = `images/pxeboot/initrd.img = sha256:${sha256(initrd)}\nimages/pxeboot/vmlinuz = sha256:${sha256(kernel)}\n`;
        serve(
          `${tree}/.treeinfo`,
          `[checksums]\nimages/install.img = sha256:${sha256('x')}\n${sums}\n[general]\narch = x86_64\n`,
        );
        // They sign nothing.
        const image = { ...spec(name, { [settings]: mirror.url }), signedBy: undefined };
        expect((await fetch(image)).map(({ verified }) => verified[0]?.by)).to.deep.equal(
          Array(2).fill('checksum list'),
        );
        expect(host.log.lines.filter((line) => line.startsWith('warn: NOT VERIFIED'))).to.have.length.above(0);
        serve(`${tree}/images/pxeboot/vmlinuz`, evil);
        await expectRefused(image, /its SHA-256 sum is .*, but .*\.treeinfo lists/);
      });
    }
  });

  it('are verified of every shipped image, or come over TLS or from a mirror of your own', () => {
    for (const name of ['preseed', 'kickstart', 'autoinstall', 'yast', 'agama'].flatMap((kind) =>
      shippedImages(kind as 'preseed'),
    )) {
      const { checksums, checksumsSignature, keyring, signedBy, linux } = shippedSpec(name);
      if (/^(demo|debian-.*)$/.test(name)) continue;
      expect(checksums, name).not.to.equal(undefined);
      if (linux?.uri.endsWith('vmlinuz')) continue;
      expect([checksumsSignature, keyring, signedBy].includes(undefined), name).to.equal(false);
    }
  });
});
