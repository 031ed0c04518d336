import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseSource } from '../config/source.js';
import { Failure, Interrupted } from '../host/failure.js';
import { shellLine } from '../host/host.js';
import { changeEnvironment, testHost } from '../../test/support/host.js';
import type { Patience } from './http-client.js';
import { fetchCommands, withNetbootFile } from './netboot-cache.js';
import type { NetbootSource } from './netboot-source.js';

/** Tries again soon, and takes no slow machine for a silent one. */
const quick: Patience = { connectMs: 120_000, stallMs: 120_000, attempts: 3, firstPauseMs: 10, longestPauseMs: 50 };
/** For a server that is silent. */
const impatient: Patience = { ...quick, stallMs: 300 };
const kernel = randomBytes(300_000);
const newKernel = randomBytes(310_000);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('netboot cache', () => {
  let directory: string;
  let cacheDir: string;
  const giveBack: (() => Promise<void> | void)[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'netboot-cache-'));
    cacheDir = join(directory, 'cache/debian-13');
    withoutProxies();
  });
  afterEach(async () => {
    while (giveBack.length > 0) await giveBack.pop()?.();
    await rm(directory, { recursive: true });
  });

  /** Proxies of the machine that runs the tests must not come between. */
  function withoutProxies(): void {
    const names = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];
    const proxies = names.flatMap((name) => [name, name.toUpperCase()]);
    giveBack.push(changeEnvironment(Object.fromEntries(proxies.map((name) => [name, undefined]))));
  }

  /** A mirror that gives these answers in turn, the last one for ever. */
  async function mirror(...answers: Answer[]) {
    const requests: IncomingMessage[] = [];
    const server = http.createServer((request, response) => {
      answers[Math.min(requests.length, answers.length - 1)]?.(request, response);
      requests.push(request);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    giveBack.push(async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    });
    const { port } = server.address() as AddressInfo;
    return { uri: `http://127.0.0.1:${port}/debian/linux`, port, requests };
  }

  const cache = (uri: string, more: Partial<NetbootSource> = {}, host = testHost(), patience = quick) =>
    withNetbootFile(host, cacheDir, { option: 'linux', from: parseSource(uri), ...more }, patience, (found) =>
      Promise.resolve(found),
    );
  const cached = () => readFile(join(cacheDir, 'linux'));
  const cacheList = async () => (await readdir(cacheDir)).sort();

  describe('over HTTP', () => {
    it('fetches a file, and shows how far it is', async () => {
      const { uri, requests } = await mirror(file(kernel));
      const host = testHost();
      const result = await cache(uri, {}, host);
      expect(result).to.deep.equal({
        path: join(cacheDir, 'linux'),
        outcome: 'fetched',
        bodyBytes: kernel.length,
        sha256: sha256(kernel),
        size: kernel.length,
      });
      expect((await cached()).equals(kernel)).to.be.true;
      expect(requests).to.have.length(1);
      expect(host.log.lines).to.include('progress: linux 0.3 of 0.3 MiB');
      expect(await cacheList()).to.deep.equal(['.linux.meta', 'linux']);
    });

    it('costs one request and no body while the file is unchanged', async () => {
      const { uri, requests } = await mirror(file(kernel));
      await cache(uri);
      expect(await cache(uri)).to.include({ outcome: 'unchanged', bodyBytes: 0 });
      expect(requests.map(({ headers }) => headers['if-none-match'])).to.deep.equal([undefined, etag(kernel)]);
      expect((await cached()).equals(kernel)).to.be.true;
    });

    it('asks by date where the server has no ETag', async () => {
      const { uri, requests } = await mirror(file(kernel, { etag: undefined }));
      await cache(uri);
      expect(await cache(uri)).to.include({ outcome: 'unchanged', bodyBytes: 0 });
      expect(requests).to.have.length(2);
    });

    it('fetches a changed file', async () => {
      const { uri } = await mirror(file(kernel), file(newKernel));
      await cache(uri);
      expect(await cache(uri)).to.include({ outcome: 'fetched', bodyBytes: newKernel.length });
      expect((await cached()).equals(newKernel)).to.be.true;
    });

    it('never takes a file for that of another URI with the same name', async () => {
      const { uri, requests } = await mirror(file(kernel));
      await cache(uri);
      expect(await cache(uri.replace('/debian/', '/ubuntu/'))).to.include({ outcome: 'fetched' });
      expect(requests[1]?.headers).not.to.have.property('if-none-match');
    });

    it('fetches again what was damaged in the cache', async () => {
      const { uri } = await mirror(file(kernel));
      await cache(uri);
      await writeFile(join(cacheDir, 'linux'), 'half');
      expect(await cache(uri)).to.include({ outcome: 'fetched' });
      expect((await cached()).equals(kernel)).to.be.true;
    });

    it('tries again after errors of the server', async () => {
      const { uri, requests } = await mirror(status(500), status(503), file(kernel));
      const host = testHost();
      expect(await cache(uri, {}, host)).to.include({ outcome: 'fetched', bodyBytes: kernel.length });
      expect(requests).to.have.length(3);
      expect(host.log.lines).to.include(
        `warn: linux: cannot fetch ${uri}: the server answers 500 Internal Server Error; attempt 2 of 3 in 0.0 s`,
      );
    });

    it('waits as long as the server asks for, within limits', async () => {
      const { uri } = await mirror(status(429, { 'retry-after': '3600' }), file(kernel));
      const host = testHost();
      await cache(uri, {}, host);
      expect(host.log.lines.join()).to.match(/429 Too Many Requests; attempt 2 of 3 in 0\.1 s/);
    });

    it('gives up after some attempts', async () => {
      const { uri, requests } = await mirror(status(502));
      const error = await failure(cache(uri));
      expect(error.message).to.equal(`linux: cannot fetch ${uri}: the server answers 502 Bad Gateway (3 attempts)`);
      expect(requests).to.have.length(3);
      expect(await cacheList()).to.be.empty;
    });

    it('tells at once what a missing file may mean', async () => {
      const { uri, requests } = await mirror(status(404));
      const error = await failure(cache(uri));
      expect(error.message).to.equal(`linux: cannot fetch ${uri}: the server answers 404 Not Found`);
      expect(error.hint).to.equal('Check that the release is still on this mirror.');
      expect(requests).to.have.length(1);
    });

    it('sends user and password, and shows the password nowhere', async () => {
      const { port, requests } = await mirror(status(401), file(kernel));
      const host = testHost();
      const uri = `http://builder:s3cret@127.0.0.1:${port}/linux`;
      const error = await failure(cache(uri, {}, host));
      expect(error.message).to.contain(`http://builder:***@127.0.0.1:${port}/linux`);
      await cache(uri, {}, host);
      expect(requests[0]?.headers.authorization).to.equal(`Basic ${Buffer.from('builder:s3cret').toString('base64')}`);
      const record = await readFile(join(cacheDir, '.linux.meta'), 'utf8');
      expect([...host.log.lines, error.message, error.stack, record].join()).not.to.contain('s3cret');
    });

    it('fails where no server answers, also with a copy in the cache', async () => {
      const { uri } = await mirror(file(kernel));
      await cache(uri);
      await giveBack.pop()?.();
      const error = await failure(cache(uri));
      expect(error.message).to.match(/^linux: cannot fetch http.*ECONNREFUSED.* \(3 attempts\)$/);
      expect((await cached()).equals(kernel)).to.be.true;
    });

    it('does not follow redirects for ever', async () => {
      const { uri, requests } = await mirror(status(302, { location: '/debian/linux' }));
      expect((await failure(cache(uri))).message).to.contain('Redirected 5 times');
      expect(requests).to.have.length(6);
    });

    it('names the file as its URI does, wherever a redirect leads', async () => {
      const { uri } = await mirror(status(302, { location: '/pool/vmlinuz-6.12' }), file(kernel));
      expect(basename((await cache(uri)).path)).to.equal('linux');
    });

    it('stores packed files as they are', async () => {
      const { uri } = await mirror(file(kernel, { 'content-encoding': 'gzip' }));
      await cache(uri);
      expect((await cached()).equals(kernel)).to.be.true;
    });
  });

  describe('broken transfers', () => {
    it('continues where the body broke off', async () => {
      const { uri, requests } = await mirror(half(kernel), file(kernel));
      expect(await cache(uri)).to.include({ outcome: 'resumed', bodyBytes: kernel.length });
      expect((await cached()).equals(kernel)).to.be.true;
      expect(requests[1]?.headers.range).to.match(/^bytes=[1-9]\d*-$/);
      expect(requests[1]?.headers['if-range']).to.equal(etag(kernel));
      expect(await cacheList()).to.deep.equal(['.linux.meta', 'linux']);
    });

    it('continues where the body stalled', async () => {
      const { uri } = await mirror(stalled(kernel), file(kernel));
      const fetched = await cache(uri, {}, testHost(), impatient);
      expect(fetched).to.include({ outcome: 'resumed', bodyBytes: kernel.length });
      expect((await cached()).equals(kernel)).to.be.true;
    });

    it('gives up on a server that never answers', async () => {
      const { uri, requests } = await mirror(() => {});
      expect((await failure(cache(uri, {}, testHost(), impatient))).message).to.match(
        /Timeout awaiting .* for 300ms \(3 attempts\)$/,
      );
      expect(requests).to.have.length(3);
    });

    it('starts again where the server knows no ranges', async () => {
      const { uri } = await mirror(half(kernel), whole(kernel));
      const { outcome, bodyBytes } = await cache(uri);
      expect(outcome).to.equal('fetched');
      expect(bodyBytes).to.be.above(kernel.length);
      expect((await cached()).equals(kernel)).to.be.true;
    });

    it('starts again where the file has no ETag and is too new to trust its date', async () => {
      // The server answers in the second of the change, however late the test comes to ask.
      const now = new Date().toUTCString();
      const justNow = { etag: undefined, 'last-modified': now, date: now };
      const { uri, requests } = await mirror(half(kernel, justNow), file(kernel, justNow));
      expect(await cache(uri)).to.include({ outcome: 'fetched' });
      expect(requests[1]?.headers).not.to.have.property('range');
    });

    it('continues by date where the file is old enough', async () => {
      const { uri, requests } = await mirror(half(kernel, { etag: undefined }), file(kernel, { etag: undefined }));
      expect(await cache(uri)).to.include({ outcome: 'resumed' });
      expect(requests[1]?.headers['if-range']).to.equal(LAST_YEAR);
    });

    it('starts again when the file has changed meanwhile', async () => {
      const { uri } = await mirror(half(kernel), file(newKernel));
      expect(await cache(uri)).to.include({ outcome: 'fetched' });
      expect((await cached()).equals(newKernel)).to.be.true;
    });

    it('trusts no range that was not asked for', async () => {
      const wrongRange: Answer = (_, response) => {
        response.writeHead(206, { etag: etag(kernel), 'content-range': 'bytes 0-299999/300000' }).end(kernel);
      };
      const { uri, requests } = await mirror(half(kernel), wrongRange, file(kernel));
      expect(await cache(uri)).to.include({ outcome: 'fetched' });
      expect(requests).to.have.length(3);
      expect((await cached()).equals(kernel)).to.be.true;
    });

    it('never takes a short body for the file, and leaves what was in the cache', async () => {
      const { uri } = await mirror(file(kernel), half(newKernel, { etag: undefined, 'last-modified': undefined }));
      await cache(uri);
      expect((await failure(cache(uri))).message).to.match(/aborted|150000 bytes instead of 310000|hang up/);
      expect((await cached()).equals(kernel)).to.be.true;
      expect(await cacheList()).to.deep.equal(['.linux.meta', 'linux']);
    });

    it('continues in the next run what a killed process left', async () => {
      const { uri, requests } = await mirror(stalled(kernel), file(kernel));
      const child = fetchingProcess(uri);
      while (((await stat(join(cacheDir, '.linux.part')).catch(() => undefined))?.size ?? 0) < 150_000) await sleep(10);
      child.kill('SIGKILL');
      await once(child, 'close');
      expect(await cacheList()).to.deep.equal(['.linux.part', '.linux.part.meta']);
      expect(await readdir(join(directory, 'cache'))).to.have.members(['debian-13', 'debian-13.lock']);
      expect(await cache(uri)).to.include({ outcome: 'resumed', bodyBytes: 150_000 });
      expect((await cached()).equals(kernel)).to.be.true;
      expect(requests[1]?.headers.range).to.equal('bytes=150000-');
      expect(await cacheList()).to.deep.equal(['.linux.meta', 'linux']);
    });

    it('does not continue a part of another URI', async () => {
      const { uri, requests } = await mirror(half(kernel), half(kernel), status(404), file(kernel));
      await failure(cache(uri));
      expect(await cache(uri.replace('/debian/', '/ubuntu/'))).to.include({ outcome: 'fetched' });
      expect(requests[3]?.headers).not.to.have.property('range');
    });

    it('stops at once when the build is told to stop, and leaves only what can be continued', async () => {
      const { uri, requests } = await mirror(stalled(kernel));
      const abort = new AbortController();
      const host = testHost(abort.signal);
      const fetching = rejection(cache(uri, {}, host));
      while (!host.log.lines.some((line) => line.startsWith('progress'))) await sleep(5);
      abort.abort(new Interrupted('SIGINT'));
      expect(await fetching).to.equal(abort.signal.reason);
      expect(requests).to.have.length(1);
      expect(await cacheList()).to.deep.equal(['.linux.part', '.linux.part.meta']);
    });

    it('stops at once while it waits for the next attempt', async () => {
      const { uri } = await mirror(status(500));
      const abort = new AbortController();
      const host = testHost(abort.signal);
      const patient: Patience = { ...quick, firstPauseMs: 60_000, longestPauseMs: 60_000 };
      const fetching = rejection(
        withNetbootFile(host, cacheDir, { option: 'linux', from: parseSource(uri) }, patient, async () => {}),
      );
      while (!host.log.lines.some((line) => line.startsWith('warn'))) await sleep(5);
      abort.abort(new Interrupted('SIGTERM'));
      expect(await fetching).to.equal(abort.signal.reason);
    });
  });

  describe('checksums', () => {
    it('accepts the right one, in capital letters too', async () => {
      const { uri } = await mirror(file(kernel));
      await cache(uri, { sha256: sha256(kernel).toUpperCase() });
      expect(await cache(uri, { sha256: sha256(kernel) })).to.include({ outcome: 'unchanged' });
    });

    it('refuses a wrong one, and leaves what was in the cache', async () => {
      const { uri } = await mirror(file(kernel), file(newKernel));
      await cache(uri);
      const error = await failure(cache(uri, { sha256: sha256(kernel) }));
      for (const part of [uri, 'linux-sha256', sha256(kernel), sha256(newKernel)]) {
        expect(error.message).to.contain(part);
      }
      expect((await cached()).equals(kernel)).to.be.true;
      expect(await cacheList()).to.deep.equal(['.linux.meta', 'linux']);
    });

    it('fetches again what lies in the cache with another sum', async () => {
      const { uri } = await mirror(file(kernel));
      await cache(uri);
      const { atime, mtime } = await stat(join(cacheDir, 'linux'));
      await writeFile(join(cacheDir, 'linux'), randomBytes(kernel.length));
      await utimes(join(cacheDir, 'linux'), atime, mtime);
      expect(await cache(uri, { sha256: sha256(kernel) })).to.include({ outcome: 'fetched' });
      expect((await cached()).equals(kernel)).to.be.true;
    });
  });

  describe('through a proxy', () => {
    it('asks the proxy of http_proxy, by absolute URI', async () => {
      const proxy = await mirror(file(kernel));
      giveBack.push(changeEnvironment({ http_proxy: `http://127.0.0.1:${proxy.port}` }));
      await cache('http://mirror.invalid/debian/linux');
      expect(proxy.requests.map(({ url }) => url)).to.deep.equal(['http://mirror.invalid/debian/linux']);
      expect((await cached()).equals(kernel)).to.be.true;
    });

    it('reads the variable in capital letters, with user and password', async () => {
      const proxy = await mirror(file(kernel));
      giveBack.push(changeEnvironment({ HTTP_PROXY: `http://builder:s3cret@127.0.0.1:${proxy.port}` }));
      await cache('http://mirror.invalid/debian/linux');
      expect(proxy.requests[0]?.headers['proxy-authorization']).to.match(/^Basic /);
    });

    it('goes straight to the hosts of no_proxy', async () => {
      const proxy = await mirror(status(500));
      const { uri } = await mirror(file(kernel));
      giveBack.push(changeEnvironment({ http_proxy: `http://127.0.0.1:${proxy.port}` }));
      process.env.no_proxy = 'localhost,127.0.0.1';
      await cache(uri);
      expect(proxy.requests).to.be.empty;
    });

    it('asks the proxy of https_proxy for a tunnel', async () => {
      const asked: string[] = [];
      const proxy = http.createServer().on('connect', (request: IncomingMessage, socket: Socket) => {
        asked.push(request.url ?? '');
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      });
      proxy.listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      giveBack.push(() => new Promise((closed) => proxy.close(() => closed())));
      process.env.https_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const error = await failure(cache('https://mirror.invalid/debian/linux'));
      expect(asked).to.deep.equal(['mirror.invalid:443']);
      expect(error.message).to.contain('407 Proxy Authentication Required');
      expect(error.hint).to.contain('proxy');
    });

    it('shows no password of a proxy that it cannot use', async () => {
      process.env.http_proxy = 'gopher://builder:s3cret@127.0.0.1:70';
      const error = await failure(cache('http://mirror.invalid/debian/linux'));
      expect(error.message).to.contain('gopher://builder:***@127.0.0.1:70');
    });
  });

  it('fetches a file once for two processes', async () => {
    const slow: Answer = (request, response) => setTimeout(() => file(kernel)(request, response), 500);
    const { uri, requests } = await mirror(slow);
    const said = await Promise.all([fetchingProcess(uri), fetchingProcess(uri)].map(outputOf));
    const results = said.map((text) => JSON.parse(text) as { outcome: string; bodyBytes: number });
    expect(results.map(({ outcome }) => outcome).sort()).to.deep.equal(['fetched', 'unchanged']);
    expect(results.map(({ bodyBytes }) => bodyBytes).sort()).to.deep.equal([0, kernel.length]);
    expect(requests).to.have.length(2);
    expect(await cacheList()).to.deep.equal(['.linux.meta', 'linux']);
  });

  describe('from paths', () => {
    let path: string;
    beforeEach(async () => {
      path = join(directory, 'linux');
      await writeFile(path, kernel);
      await utimes(path, new Date('2025-01-01'), new Date('2025-01-01T12:00:00.123Z'));
    });

    for (const [kind, uriOf] of Object.entries<(path: string) => string>({
      'absolute paths': (path) => path,
      'relative paths': (path) => relative(process.cwd(), path),
      'file:/…': (path) => `file:${path}`,
      'file:///…': (path) => `file://${path}`,
    })) {
      it(`copies ${kind}, with their time`, async () => {
        expect(await cache(uriOf(path))).to.include({ outcome: 'copied', bodyBytes: kernel.length });
        expect((await cached()).equals(kernel)).to.be.true;
        expect((await stat(join(cacheDir, 'linux'))).mtime.toISOString()).to.equal('2025-01-01T12:00:00.123Z');
        expect(await cacheList()).to.deep.equal(['.linux.meta', 'linux']);
      });
    }

    it('reads ~/ as the home directory', async () => {
      const error = await failure(cache('~/no-such-directory-here/linux'));
      expect(error.message).to.contain(join(homedir(), 'no-such-directory-here/linux'));
    });

    it('copies again only what has another size or time', async () => {
      await cache(path);
      expect(await cache(path)).to.include({ outcome: 'unchanged', bodyBytes: 0 });
      await utimes(path, new Date(), new Date());
      expect(await cache(path)).to.include({ outcome: 'copied' });
      await writeFile(path, newKernel);
      expect(await cache(path)).to.include({ outcome: 'copied' });
      expect((await cached()).equals(newKernel)).to.be.true;
    });

    it('tells what is missing, and leaves nothing', async () => {
      const error = await failure(cache(join(directory, 'missing')));
      expect(error.message).to.match(/^linux: cannot fetch .*missing: \/.*missing: no such file or directory$/);
      expect((await failure(cache(directory))).message).to.contain('is not a file');
      expect(await cacheList()).to.be.empty;
    });
  });

  describe('by rsync', () => {
    it('fetches a file from a daemon, and only a changed one again', async () => {
      const port = await rsyncDaemon();
      const path = join(directory, 'module/linux');
      await writeFile(path, kernel);
      const uri = `rsync://127.0.0.1:${port}/netboot/linux`;
      expect(await cache(uri)).to.include({ outcome: 'fetched', bodyBytes: kernel.length });
      expect((await cached()).equals(kernel)).to.be.true;
      expect(await cache(uri)).to.include({ outcome: 'unchanged', bodyBytes: 0 });
      await writeFile(path, newKernel);
      expect(await cache(uri)).to.include({ outcome: 'fetched', bodyBytes: newKernel.length });
      expect((await cached()).equals(newKernel)).to.be.true;
      const error = await failure(cache(`rsync://127.0.0.1:${port}/netboot/initrd.gz`, { option: 'initrd' }));
      expect(error.message).to.match(/^initrd: cannot fetch rsync:.*initrd\.gz: rsync .*No such file or directory/s);
      expect(await cacheList()).to.deep.equal(['.linux.meta', 'linux']);
    });

    it('gives a password in the environment only', () => {
      const commands = fetchCommands('/cache/demo', {
        option: 'linux',
        from: parseSource('rsync://builder:s3cret@host/m/linux'),
      });
      expect(commands.map(shellLine)).to.deep.equal([
        'rsync --no-motd --times --copy-links --timeout=60 rsync://builder@host/m/linux /cache/demo/.linux.new/linux',
      ]);
      expect(commands[0]?.env).to.include({ RSYNC_PASSWORD: 's3cret' });
    });

    it('is the only source that needs a command', () => {
      expect(fetchCommands('/cache/demo', { option: 'linux', from: parseSource('http://host/linux') })).to.be.empty;
      expect(fetchCommands('/cache/demo', { option: 'linux', from: parseSource('/boot/linux') })).to.be.empty;
    });

    async function rsyncDaemon(): Promise<number> {
      const port = await freePort();
      const configuration = join(directory, 'rsyncd.conf');
      await mkdir(join(directory, 'module'));
      await writeFile(configuration, `use chroot = no\n[netboot]\npath = ${join(directory, 'module')}\n`);
      const args = ['--daemon', '--no-detach', `--config=${configuration}`, `--port=${port}`, '--address=127.0.0.1'];
      const daemon = spawn('rsync', args, { stdio: 'ignore' });
      giveBack.push(async () => {
        daemon.kill();
        await once(daemon, 'close');
      });
      while (!(await answers(port))) await sleep(20);
      return port;
    }
  });

  it('tells why the cache directory cannot be made', async () => {
    await writeFile(join(directory, 'cache'), '');
    expect((await failure(cache('/boot/linux'))).message).to.contain(`can't make the cache directory ${cacheDir}: `);
  });

  /** Another process that fetches the file and prints what came of it. */
  function fetchingProcess(uri: string): ChildProcess {
    const script = `
      import { withNetbootFile } from ${JSON.stringify(new URL('./netboot-cache.ts', import.meta.url).href)};
      import { parseSource } from ${JSON.stringify(new URL('../config/source.ts', import.meta.url).href)};
      import { defaultPatience } from ${JSON.stringify(new URL('./http-client.ts', import.meta.url).href)};
      import { testHost } from ${JSON.stringify(new URL('../../test/support/host.ts', import.meta.url).href)};
      const source = { option: 'linux', from: parseSource(${JSON.stringify(uri)}) };
      console.log(JSON.stringify(await withNetbootFile(testHost(), ${JSON.stringify(cacheDir)}, source, defaultPatience, async (found) => found)));`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    giveBack.push(() => void child.kill('SIGKILL'));
    return child;
  }
});

const LAST_YEAR = 'Wed, 01 Jan 2025 00:00:00 GMT';
const etag = (body: Buffer) => `"${sha256(body).slice(0, 16)}"`;

type Headers = Record<string, string | undefined>;

function headersOf(body: Buffer, more: Headers): Record<string, string> {
  const all: Headers = { etag: etag(body), 'last-modified': LAST_YEAR, ...more };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** A file as good servers give it: with conditions and ranges. */
function file(body: Buffer, more: Headers = {}): Answer {
  return (request, response) => {
    const headers = headersOf(body, more);
    const asked = request.headers;
    const known = asked['if-none-match']
      ? asked['if-none-match'] === headers.etag
      : asked['if-modified-since'] !== undefined;
    if (known) return void response.writeHead(304, headers).end();
    const from = Number(/^bytes=(\d+)-$/.exec(asked.range ?? '')?.[1] ?? 0);
    const sameFile = [headers.etag, headers['last-modified']].includes(String(asked['if-range']));
    if (from === 0 || !sameFile) return void whole(body, more)(request, response);
    response.writeHead(206, {
      ...headers,
      'content-range': `bytes ${from}-${body.length - 1}/${body.length}`,
      'content-length': body.length - from,
    });
    response.end(body.subarray(from));
  };
}

/** A file as the simplest servers give it. */
function whole(body: Buffer, more: Headers = {}): Answer {
  return (_, response) => {
    response.writeHead(200, { ...headersOf(body, more), 'content-length': body.length }).end(body);
  };
}

/** The first 150,000 bytes, of which the last may get lost, and then the connection breaks. */
function half(body: Buffer, more: Headers = {}): Answer {
  return (_, response) => {
    response.writeHead(200, { ...headersOf(body, more), 'content-length': body.length });
    response.write(body.subarray(0, 150_000), () => response.socket?.end());
  };
}

/** The first 150,000 bytes, and then silence. */
function stalled(body: Buffer): Answer {
  return (_, response) => {
    response.writeHead(200, { ...headersOf(body, {}), 'content-length': body.length });
    response.write(body.subarray(0, 150_000));
  };
}

function status(code: number, headers: Record<string, string> = {}): Answer {
  return (_, response) => void response.writeHead(code, headers).end('sorry');
}

async function failure(promise: Promise<unknown>): Promise<Failure> {
  const error = await rejection(promise);
  expect(error).to.be.instanceOf(Failure);
  return error as Failure;
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('should have failed'),
    (error: unknown) => error,
  );
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(child, 'close');
  return text;
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).then((yes) => (socket.destroy(), yes === true));
}
