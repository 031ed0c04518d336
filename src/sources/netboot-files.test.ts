import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { Failure, UsageError } from '../host/failure.js';
import { parseSource } from '../config/source.js';
import { shellLine } from '../host/host.js';
import { findProgram } from '../host/programs.js';
import { changeEnvironment, withoutProxies, rejection, testHost } from '../../test/support/host.js';
import type { Patience } from './http-client.js';
import { directoryOf, type NetbootCache } from './cache-directory.js';
import { expectPinned } from './linked-file.js';
import { fetchNetbootFiles, netbootCommands } from './netboot-files.js';
import type { NetbootSource } from './netboot-source.js';
import { fileMirror, sha256, SigningKeys, type FileMirror } from '../../test/support/mirror.js';
import { vouchingFor, type VerifySettings } from './vouching.js';

const quick: Patience = { connectMs: 120_000, stallMs: 120_000, attempts: 1, firstPauseMs: 10, longestPauseMs: 50 };

const suite = '/debian/dists/trixie';
const images = `${suite}/main/installer-amd64/current/images`;
const netboot = `${images}/netboot/debian-installer/amd64`;
const [linux, initrd] = [`${netboot}/linux`, `${netboot}/initrd.gz`];
const everyFile = [`${suite}/InRelease`, `${images}/SHA256SUMS`, linux, initrd];

describe('netboot files', () => {
  const kernel = randomBytes(40_000);
  /** As QEMU would take it for one. */
  const bootable = Buffer.concat([Buffer.alloc(0x202), Buffer.from('HdrS'), kernel]);
  const ramDisk = randomBytes(50_000);
  let keys: SigningKeys;
  let directory: string;
  let cacheDir: string;
  let mirror: FileMirror;
  let host: ReturnType<typeof testHost>;
  let restoreProxies: () => void;

  before(() => {
    keys = new SigningKeys();
    keys.make('archive');
    keys.make('stranger');
    restoreProxies = withoutProxies();
  });
  after(() => {
    keys.close();
    restoreProxies();
  });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'netboot-files-'));
    cacheDir = join(cache().root, 'image');
    mirror = await fileMirror();
    host = testHost();
  });
  afterEach(async () => {
    await mirror.close();
    rmSync(directory, { recursive: true });
  });

  const cache = () => ({ root: join(directory, 'cache'), image: 'image' });
  const source = (option: string, path: string): NetbootSource => from(option, `${mirror.url}${path}`);
  const from = (option: string, uri: string) => ({ option, from: parseSource(uri) });
  /** What a section sets, as text. */
  const settings = ({
    checksums,
    checksumsSignature,
    keyring,
    ...more
  }: Partial<Omit<VerifySettings, 'checksums' | 'checksumsSignature' | 'keyring'>> & {
    checksums?: string;
    checksumsSignature?: string;
    keyring?: string;
  } = {}): VerifySettings => ({
    verify: 'available',
    ...more,
    ...(checksums === undefined ? {} : { checksums: parseSource(checksums) }),
    ...(checksumsSignature === undefined ? {} : { checksumsSignature: parseSource(checksumsSignature) }),
    ...(keyring === undefined ? {} : { keyring: parseSource(keyring) }),
  });
  const warnings = () => host.log.lines.filter((line) => line.startsWith('warn: '));
  const cached = (name: string) => readFileSync(join(cacheDir, name));
  const fetchFiles = (sources: readonly NetbootSource[], wanted: VerifySettings) =>
    fetchNetbootFiles(host, cache(), undefined, sources, wanted, quick);

  async function failure(promise: Promise<unknown>): Promise<Failure> {
    const error = await rejection(promise);
    expect(error).to.be.instanceOf(Failure);
    const left = readdirSync(cache().root, { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => /lock|new|part/.test(name))).to.be.empty;
    return error as Failure;
  }

  async function problems(promise: Promise<unknown>): Promise<readonly string[]> {
    const error = await rejection(promise);
    expect(error).to.be.instanceOf(UsageError);
    expect(existsSync(cacheDir), 'something was made').to.be.false;
    return (error as UsageError).problems;
  }

  /** Changes a cached file as somebody would who does not want it to be seen: with its old time. */
  function tamper(name: string, content: Buffer | string): void {
    const [path, times] = [resolve(cacheDir, name), join(directory, 'times')];
    execFileSync('touch', ['--reference', path, times]);
    writeFileSync(path, content);
    execFileSync('touch', ['--reference', times, path]);
  }

  describe('of a Debian archive', () => {
    interface Archive {
      readonly kernel?: Buffer;
      /** Fields of the Release file, instead of those of a good one. */
      readonly fields?: string;
      readonly by?: string;
      readonly lists?: string;
    }

    /** Publishes an installer as the archive does. */
    function publish({ kernel: linuxFile = kernel, fields, by = 'archive', lists = 'current' }: Archive = {}): void {
      const list =
        `${sha256('gtk')}  ./netboot/gtk/debian-installer/amd64/linux\n` +
        `${sha256(linuxFile)}  ./netboot/debian-installer/amd64/linux\n` +
        `${sha256(ramDisk)}  ./netboot/debian-installer/amd64/initrd.gz\n`;
      const release =
        `${fields ?? 'Suite: stable\nCodename: trixie\nDate: Sat, 12 Sep 2020 07:55:41 UTC'}\n` +
        `MD5Sum:\n ${'0'.repeat(32)} ${list.length} main/installer-amd64/${lists}/images/SHA256SUMS\n` +
        `SHA256:\n ${sha256(list)} ${list.length} main/installer-amd64/${lists}/images/SHA256SUMS\n`;
      mirror.files.set(`${suite}/InRelease`, keys.sign(release, [by], { as: 'clearsign' }));
      mirror.files.set(`${images}/SHA256SUMS`, list);
      mirror.files.set(linux, linuxFile);
      mirror.files.set(initrd, ramDisk);
    }

    const keysOnly = () => ({ keyring: keys.keyring(['archive']) });
    const trusted = () => settings(keysOnly());
    const inCache = (path: string) => join(directoryOf(cache(), source('linux', path).from), basename(path));
    const listInCache = () => inCache(`${images}/SHA256SUMS`);
    const both = () => [source('linux', linux), source('initrd', initrd)];
    const fetchBoth = (wanted = trusted()) => fetchFiles(both(), wanted);

    it('are verified by its signature, without being asked for, and tell so', async () => {
      publish();
      const verified = [
        {
          by: 'signed checksum list',
          list: `${mirror.url}${images}/SHA256SUMS`,
          signature: `${mirror.url}${suite}/InRelease`,
          fingerprint: keys.fingerprint('archive'),
          keyring: keysOnly().keyring,
        },
      ];
      expect(await fetchBoth()).to.deep.equal([
        { name: 'linux', uri: `${mirror.url}${linux}`, sha256: sha256(kernel), bytes: kernel.length, verified },
        { name: 'initrd', uri: `${mirror.url}${initrd}`, sha256: sha256(ramDisk), bytes: ramDisk.length, verified },
      ]);
      expect(warnings()).to.be.empty;
      expect(host.log.lines.join('\n')).to.match(
        /linux: has the sum in .*SHA256SUMS, signed \(.*InRelease\) by [0-9A-F]{40}/,
      );
      expect(mirror.answers()).to.deep.equal(everyFile.map((path) => `200 ${path}`));
      expect(readdirSync(cacheDir).filter((name) => !name.startsWith('.'))).to.have.members([
        ...['linux', 'initrd.gz'],
      ]);
    });

    it('cost one conditional request each while the mirror is unchanged, and are verified all the same', async () => {
      publish();
      const first = await fetchBoth({ ...trusted(), verify: 'required' });
      mirror.answers();
      expect(await fetchBoth()).to.deep.equal(first);
      expect(mirror.answers()).to.deep.equal(everyFile.map((path) => `304 ${path}`));
    });

    it('are fetched again when there is a new release', async () => {
      publish();
      await fetchBoth();
      const newKernel = randomBytes(41_000);
      publish({ kernel: newKernel });
      expect((await fetchBoth())[0]).to.include({ sha256: sha256(newKernel) });
      expect(warnings()).to.be.empty;
    });

    it('that were changed on the mirror end the build, and leave the good ones', async () => {
      publish();
      await fetchBoth();
      const evil = randomBytes(kernel.length);
      mirror.files.set(linux, evil);
      const { message } = await failure(fetchBoth());
      expect(message).to.equal(
        `linux: cannot fetch ${mirror.url}${linux}: its SHA-256 sum is ${sha256(evil)}, but ` +
          `${mirror.url}${images}/SHA256SUMS lists ${sha256(kernel)}`,
      );
      expect(cached('linux').equals(kernel)).to.be.true;
    });

    it('are refused where the list was changed with them', async () => {
      publish();
      await fetchBoth();
      const good = String(mirror.files.get(`${images}/SHA256SUMS`));
      const evil = good.replace(sha256(kernel), sha256('evil'));
      mirror.files.set(`${images}/SHA256SUMS`, evil);
      mirror.files.set(linux, 'evil');
      const { message } = await failure(fetchBoth());
      expect(message).to.contain(
        `checksums: cannot fetch ${mirror.url}${images}/SHA256SUMS: its SHA-256 sum is ${sha256(evil)}`,
      );
      expect(message).to.contain(`${suite}/InRelease lists ${sha256(good)}`);
      expect(readFileSync(listInCache(), 'utf8')).to.equal(good);
      expect(cached('linux').equals(kernel)).to.be.true;
    });

    it('are refused where another key signed', async () => {
      publish({ by: 'stranger' });
      const { message, hint } = await failure(fetchBoth());
      expect(message).to.match(
        /^checksums-signature: the signature http.*InRelease is by the key [0-9A-F]{16}, which is not in/,
      );
      expect(hint).to.contain("name others with the option 'keyring'");
      expect(existsSync(join(cacheDir, 'linux'))).to.be.false;
    });

    it('that were changed in the cache are found, and fetched again', async () => {
      publish();
      await fetchBoth();
      tamper('linux', randomBytes(kernel.length));
      tamper(listInCache(), readFileSync(listInCache(), 'utf8').replace(/1/g, '2'));
      mirror.answers();
      expect((await fetchBoth())[0]).to.include({ sha256: sha256(kernel) });
      expect(warnings()).to.have.length(2);
      expect(warnings()[1]).to.contain(`${inCache(linux)} was changed in the cache after it was fetched`);
      expect(mirror.answers().map((answer) => answer.slice(0, 3))).to.deep.equal(['304', '200', '200', '304']);
      expect(cached('linux').equals(kernel)).to.be.true;
    });

    it('that were changed in the cache together with its records are found', async () => {
      publish();
      await fetchBoth();
      const evil = randomBytes(kernel.length);
      tamper('linux', evil);
      const record = join(dirname(inCache(linux)), '.linux.meta');
      writeFileSync(record, readFileSync(record, 'utf8').replace(sha256(kernel), sha256(evil)));
      expect((await fetchBoth())[0]).to.include({ sha256: sha256(kernel) });
      expect(cached('linux').equals(kernel)).to.be.true;
    });

    for (const [what, fields, message] of [
      ['is out of date', 'Codename: trixie\nValid-Until: Sun, 13 Sep 2020 07:55:41 UTC', 'was valid until Sun, 13 Sep'],
      ['is of no date', 'Codename: trixie\nValid-Until: soon', 'was valid until soon'],
      ['is of the future', 'Codename: trixie\nDate: Sat, 12 Sep 2150 07:55:41 UTC', 'which is in the future'],
      ['is of another suite', 'Suite: oldstable\nCodename: bookworm', 'is not of trixie, but of oldstable, bookworm'],
    ] as const) {
      it(`are refused where the Release file ${what}, though it is signed`, async () => {
        publish({ fields });
        expect((await failure(fetchBoth())).message).to.contain(message);
      });
    }

    it('must be in the signed list', async () => {
      publish({ lists: '20250803' });
      expect((await failure(fetchBoth())).message).to.match(
        /^checksums: the checksum list .*InRelease has no sum for main\/installer-amd64\/current\/images\/SHA256SUMS/,
      );
      publish();
      const miniIso = source('linux', `${images}/netboot/mini.iso`);
      expect((await failure(fetchFiles([miniIso], trusted()))).message).to.match(
        /^linux: the checksum list .*SHA256SUMS has no sum for netboot\/mini\.iso/,
      );
    });

    it('need a signature, for somebody may have taken it away', async () => {
      publish();
      mirror.files.delete(`${suite}/InRelease`);
      expect((await failure(fetchBoth())).message).to.contain('InRelease: the server answers 404 Not Found');
    });

    it('are not verified without gpgv, which is told loudly, and not at all if they must be', async () => {
      publish();
      const wanted = trusted();
      symlinkSync(findProgram('flock') ?? '', join(directory, 'flock'));
      const restore = changeEnvironment({ PATH: directory });
      try {
        expect((await fetchBoth(wanted)).map(({ verified }) => verified)).to.deep.equal([[], []]);
        expect(warnings()[0]).to.equal(
          `warn: NOT VERIFIED: linux ${mirror.url}${linux}: gpgv is not installed; install the package gpgv`,
        );
        expect(await failure(fetchBoth({ ...wanted, verify: 'required' }))).to.include({
          message: 'gpgv: command not found',
          hint: 'Install the package gpgv.',
        });
      } finally {
        restore();
      }
    });

    it('are not verified without keys', () => {
      expect(vouchingFor(source('linux', linux), settings(), join(directory, 'none.gpg'))).to.deep.include({
        by: 'nothing',
        fix: 'install the package debian-archive-keyring',
      });
    });

    it('are those of the archive under main/installer-…, and not of Ubuntu', () => {
      const by = (uri: string) => vouchingFor(from('linux', uri), trusted()).by;
      expect(by(`rsync://user@ftp.example.org${linux}`)).to.equal('signed list');
      expect(by('https://h/debian/dists/sid/main/installer-arm64/20250803+deb13u1/images/cdrom/vmlinuz')).to.equal(
        'signed list',
      );
      expect(by('http://h/ubuntu/dists/bionic/main/installer-amd64/current/images/netboot/linux')).to.equal('nothing');
      expect(by(`/srv/mirror${linux}`)).to.equal('nothing');
      expect(by('http://h/debian/dists/trixie/main/linux')).to.equal('nothing');
    });

    it('are told with the check in --dry-run', () => {
      const [check, ...others] = netbootCommands({ root: '/cache', image: 'debian' }, both(), trusted());
      expect(others).to.be.empty;
      expect(shellLine(check ?? { file: '', args: [] })).to.equal(
        `gpgv --status-fd 1 --homedir /cache/debian/.verify.new --weak-digest SHA1 --keyring ${keysOnly().keyring} ` +
          '--output /cache/debian/.verify.new/text /cache/debian/.verify.new/signature',
      );
      const list = 'http://h/SHA256SUMS';
      const detached = settings({ ...keysOnly(), checksums: list, checksumsSignature: `${list}.gpg` });
      expect(
        netbootCommands({ root: '/cache', image: 'debian' }, both(), detached).map(({ args }) => args.slice(-2)),
      ).to.deep.equal([['/cache/debian/.verify.new/signature', '/cache/debian/.verify.new/text']]);
    });
  });

  describe('with a checksum list of their own', () => {
    const sums = (...files: [string, string | Buffer][]) =>
      files.map(([name, body]) => `${sha256(body)} *./${name}\n`).join('');
    const list = () => `${mirror.url}/os/SHA256SUMS`;
    const file = () => source('linux', '/os/images/linux');
    beforeEach(() => {
      mirror.files.set('/os/images/linux', kernel);
      mirror.files.set('/os/SHA256SUMS', sums(['images/initrd', 'x'], ['images/linux', kernel]));
    });

    it('and a detached signature, as Ubuntu has it', async () => {
      mirror.files.set('/os/SHA256SUMS.gpg', keys.sign(String(mirror.files.get('/os/SHA256SUMS')), ['archive']));
      const wanted = settings({
        verify: 'required',
        checksums: list(),
        checksumsSignature: `${list()}.gpg`,
        keyring: keys.keyring(['archive'], { armour: true }),
      });
      const [found] = await fetchFiles([file()], wanted);
      expect(found?.verified[0]).to.include({ by: 'signed checksum list', fingerprint: keys.fingerprint('archive') });
      mirror.answers();
      await fetchFiles([file()], wanted);
      expect(mirror.answers()).to.deep.equal([
        ...['304 /os/SHA256SUMS.gpg', '304 /os/SHA256SUMS', '304 /os/images/linux'],
      ]);
      mirror.files.set('/os/SHA256SUMS', sums(['images/linux', 'evil']));
      expect((await failure(fetchFiles([file()], wanted))).message).to.contain('does not match the file that it signs');
    });

    it('that is a signed text, as Fedora has it', async () => {
      const text = `# linux\nSHA256 (images/linux) = ${sha256(kernel)}\n`;
      mirror.files.set('/os/CHECKSUM', keys.sign(text, ['archive'], { as: 'clearsign' }));
      const wanted = settings({ checksums: `${mirror.url}/os/CHECKSUM`, keyring: keys.keyring(['archive']) });
      expect((await fetchFiles([file()], wanted))[0]?.verified[0]?.by).to.equal('signed checksum list');
    });

    it('and a signed text that holds the same', async () => {
      const text = keys.sign(String(mirror.files.get('/os/SHA256SUMS')), ['archive'], { as: 'clearsign' });
      mirror.files.set('/os/SHA256SUMS.asc', text);
      const keyring = keys.keyring(['archive']);
      const wanted = settings({ checksums: list(), checksumsSignature: `${list()}.asc`, keyring });
      expect((await fetchFiles([file()], wanted))[0]?.verified).to.have.length(1);
    });

    it('must have it signed where a keyring is given', async () => {
      const wanted = settings({ checksums: list(), keyring: keys.keyring(['archive']) });
      expect((await failure(fetchFiles([file()], wanted))).message).to.equal(`checksums: ${list()} is not signed`);
    });

    it('that is not signed are told so, for whoever can change the file can change the list', async () => {
      mirror.files.set('/os/.treeinfo', `[checksums]\nimages/linux = sha256:${sha256(kernel)}\n`);
      const checksums = `${mirror.url}/os/.treeinfo`;
      expect((await fetchFiles([file()], settings({ checksums })))[0]?.verified).to.deep.equal([
        { by: 'checksum list', list: checksums },
      ]);
      expect(warnings()).to.have.length(1);
      expect(warnings()[0]).to.contain('its checksum list is not signed and could be modified in transit');
      mirror.files.set('/os/images/linux', 'evil');
      const { message } = await failure(fetchFiles([file()], settings({ checksums })));
      expect(message)
        .to.contain(sha256('evil'))
        .and.to.contain(`${checksums} lists ${sha256(kernel)}`);
    });

    it('must have the sum of the section, too', async () => {
      const both = { ...file(), sha256: sha256(kernel) };
      expect(
        (await fetchFiles([both], settings({ checksums: list() })))[0]?.verified.map(({ by }) => by),
      ).to.deep.equal([...['given sum', 'checksum list']]);
      expect(warnings()).to.be.empty;
      const other = { ...file(), sha256: sha256('other') };
      expect((await failure(fetchFiles([other], settings({ checksums: list() })))).message).to.contain(
        'linux-sha256 asks for',
      );
    });

    it('that is too large is not read to its end', async () => {
      mirror.files.set('/os/SHA256SUMS', Buffer.alloc(9 * 1024 * 1024, 'x'));
      const tooLarge = `checksums: cannot fetch ${list()}: it has more than 8388608 bytes`;
      expect((await failure(fetchFiles([file()], settings({ checksums: list() })))).message).to.contain(tooLarge);
      expect(readdirSync(directoryOf(cache(), parseSource(list())))).to.be.empty;
      const local = join(directory, 'SHA256SUMS');
      writeFileSync(local, Buffer.alloc(9 * 1024 * 1024));
      expect((await failure(fetchFiles([file()], settings({ checksums: local })))).message).to.contain(
        'it has more than',
      );
    });

    it('lie in the cache where their names do not meet', async () => {
      mirror.files.set('/os/linux', sums(['images/linux', kernel]));
      await fetchFiles([file()], settings({ checksums: `${mirror.url}/os/linux` }));
      expect(cached('linux').equals(kernel)).to.be.true;
    });

    it('that comes by https is worth a build, unless it is redirected to where anybody may change it', async () => {
      const [key, certificate] = [join(directory, 'key'), join(directory, 'certificate')];
      const subject = [
        '-subj',
        '/CN=localhost',
        '-days',
        '1',
        '-nodes',
        '-newkey',
        'ed25519',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
      ];
      execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
      let answer = { status: 200, headers: {}, body: `${sha256(kernel)}  images/linux\n` };
      const server = https
        .createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (_, response) => {
          response.writeHead(answer.status, answer.headers).end(answer.body);
        })
        .listen(0, '127.0.0.1');
      await once(server, 'listening');
      https.globalAgent.options.ca = readFileSync(certificate);
      try {
        const checksums = `https://127.0.0.1:${(server.address() as AddressInfo).port}/SHA256SUMS`;
        const wanted = settings({ verify: 'required', checksums });
        expect((await fetchFiles([file()], wanted))[0]?.verified[0]?.by).to.equal('checksum list');
        answer = { status: 302, headers: { location: list() }, body: '' };
        const { message } = await failure(fetchFiles([file()], wanted));
        expect(message).to.contain(`it is redirected to ${list()}: only https: vouches for`);
      } finally {
        delete https.globalAgent.options.ca;
        server.closeAllConnections();
        server.close();
      }
    });
  });

  describe('in the cache', () => {
    const plain = () => source('linux', '/linux');
    const another = () => ({ root: cache().root, image: 'another' });
    const fetchFor = (of: NetbootCache, pinTo?: string, sources = [plain()]) =>
      fetchNetbootFiles(host, of, pinTo, sources, settings(), quick);
    beforeEach(() => mirror.files.set('/linux', kernel));

    it('are fetched once for all images that name their URL, and have a link for each', async () => {
      await fetchFor(cache());
      expect(mirror.answers()).to.deep.equal(['200 /linux']);
      await fetchFor(another());
      expect(mirror.answers()).to.deep.equal(['304 /linux']);
      const inodes = ['image', 'another'].map((image) => statSync(join(cache().root, image, 'linux')).ino);
      expect(inodes[0]).to.equal(inodes[1]);
      const record = readFileSync(join(directoryOf(cache(), plain().from), '.linux.meta'), 'utf8');
      expect(JSON.parse(record)).to.deep.include({ images: ['another', 'image'] });
    });

    it('are apart where only the query tells them apart', async () => {
      mirror.files.set('/get/linux?arch=amd64', kernel).set('/get/linux?arch=arm64', ramDisk);
      await fetchFor(cache(), undefined, [source('linux', '/get/linux?arch=amd64')]);
      const [other] = await fetchFor(another(), undefined, [source('linux', '/get/linux?arch=arm64')]);
      expect(other?.sha256).to.equal(sha256(ramDisk));
      expect(cached('linux').equals(kernel)).to.be.true;
    });

    it('take over those of image-factory 2.0, which kept them in the directory of the image', async () => {
      await fetchFor(cache());
      const directoryOfUrl = directoryOf(cache(), plain().from);
      renameSync(join(directoryOfUrl, '.linux.meta'), join(cacheDir, '.linux.meta'));
      rmSync(directoryOfUrl, { recursive: true });
      mirror.answers();
      await fetchFor(cache());
      expect(mirror.answers()).to.deep.equal(['304 /linux']);
      expect(readdirSync(cacheDir)).to.deep.equal(['linux']);
    });

    it('are fetched again where an older cache has another file under that name', async () => {
      mkdirSync(cacheDir, { recursive: true });
      writeFileSync(join(cacheDir, 'linux'), 'of another URL');
      await fetchFor(cache());
      expect(cached('linux').equals(kernel)).to.be.true;
    });

    it('must be what they are taken for, and leave the good ones', async () => {
      mirror.files.set('/linux', bootable);
      const sources = [{ ...plain(), content: 'kernel' as const }];
      await fetchFor(cache(), undefined, sources);
      mirror.files.set('/linux', '<!DOCTYPE html>\n<title>Sign in</title>');
      const { message, hint } = await failure(fetchFor(cache(), undefined, sources));
      expect(message).to.equal(`linux: cannot fetch ${mirror.url}/linux: it is not a Linux kernel, but a web page`);
      expect(hint).to.contain('login page');
      expect(cached('linux').equals(bootable)).to.be.true;
    });

    describe('that are pinned for a build', () => {
      let pins: string;
      beforeEach(() => mkdirSync((pins = join(directory, 'pins'))));
      const pinned = () => readFileSync(join(pins, 'linux'));

      it('stay what they were, whatever another build fetches', async () => {
        const [file] = await fetchFor(cache(), pins);
        mirror.files.set('/linux', ramDisk);
        await fetchFor(another());
        expect(cached('linux').equals(kernel), 'in the cache of the first image').to.be.true;
        expect(sha256(pinned())).to.equal(file?.sha256);
        await expectPinned(host, join(pins, 'linux'), sha256(kernel));
      });

      it('stay what they were when the cache is removed', async () => {
        await fetchFor(cache(), pins);
        rmSync(cache().root, { recursive: true });
        expect(pinned().equals(kernel)).to.be.true;
      });

      it('are found out where something else writes to the file in the cache', async () => {
        await fetchFor(cache(), pins);
        writeFileSync(join(cacheDir, 'linux'), 'evil');
        const error = await rejection(expectPinned(host, join(pins, 'linux'), sha256(kernel)));
        expect((error as Failure).message).to.contain('was changed after it was verified');
      });

      it('are copies where there can be no link', async function () {
        const elsewhere = mkdtempSync('/dev/shm/pins-');
        try {
          if (statSync(elsewhere).dev === statSync(directory).dev) {
            console.log('        skipped: /dev/shm is on the same file system; run it with TMPDIR=/var/tmp');
            return this.skip();
          }
          await fetchFor(cache(), elsewhere);
          expect(readFileSync(join(elsewhere, 'linux')).equals(kernel)).to.be.true;
          expect(readdirSync(elsewhere)).to.deep.equal(['linux']);
        } finally {
          rmSync(elsewhere, { recursive: true });
        }
      });
    });
  });

  describe('that nothing vouches for', () => {
    const plain = () => source('linux', '/linux');
    beforeEach(() => mirror.files.set('/linux', kernel));

    it('are taken with a loud warning', async () => {
      expect((await fetchFiles([plain()], settings()))[0]?.verified).to.deep.equal([]);
      expect(warnings()).to.deep.equal([
        `warn: NOT VERIFIED: linux ${mirror.url}/linux: there is no checksum list for it; set checksums, or linux-sha256`,
      ]);
    });

    it("are taken without a word where that is wanted, or where they are the user's own", async () => {
      const local = from('linux', join(directory, 'linux'));
      writeFileSync(join(directory, 'linux'), kernel);
      await fetchFiles([local], settings());
      await fetchFiles([plain()], settings({ verify: 'off', checksums: `${mirror.url}/none` }));
      expect(warnings()).to.be.empty;
    });

    it('are taken with the sum of the section, whatever is required', async () => {
      const local = { ...from('linux', join(directory, 'linux')), sha256: sha256(kernel) };
      writeFileSync(join(directory, 'linux'), kernel);
      for (const known of [local, { ...plain(), sha256: sha256(kernel) }]) {
        expect((await fetchFiles([known], settings({ verify: 'required' })))[0]?.verified).to.deep.equal([
          { by: 'given sum', option: 'linux-sha256' },
        ]);
      }
      expect(warnings()).to.be.empty;
    });

    it('are refused before anything is done where verification is required', async () => {
      const required = settings({ verify: 'required' });
      const local = from('initrd', './initrd.gz');
      expect(await problems(fetchFiles([plain(), local], required))).to.deep.equal([
        `verify = required: linux = ${mirror.url}/linux: there is no checksum list for it; set checksums, or linux-sha256`,
        'verify = required: initrd = ./initrd.gz: it is a file of this machine; set checksums, or initrd-sha256',
      ]);
      const unsigned = settings({ verify: 'required', checksums: `${mirror.url}/SHA256SUMS` });
      expect((await problems(fetchFiles([plain()], unsigned)))[0]).to.match(/is neither signed nor fetched by https:/);
      expect(mirror.answers()).to.be.empty;
    });

    it('are refused where half of what is needed is set', async () => {
      const half = settings({ checksumsSignature: 'http://host/SHA256SUMS.gpg' });
      expect(await problems(fetchFiles([plain()], half))).to.have.length(2);
    });

    it('are fetched again where they were changed in the cache', async () => {
      await fetchFiles([plain()], settings());
      tamper('linux', randomBytes(kernel.length));
      mkdirSync(cacheDir, { recursive: true });
      expect((await fetchFiles([plain()], settings()))[0]).to.include({ sha256: sha256(kernel) });
      expect(cached('linux').equals(kernel)).to.be.true;
    });
  });
});
