import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { parseSource } from '../config/source.js';
import { Interrupted } from '../host/failure.js';
import { changeEnvironment, rejection, testHost } from '../../test/support/host.js';
import { PresenceOfFiles } from './presence.js';

const patience = { connectMs: 120_000, stallMs: 120_000 };

describe('PresenceOfFiles', () => {
  let directory: string;
  let server: ReturnType<typeof createServer>;
  let url: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let asked: string[];
  let restore: () => void;
  before(() => {
    const proxies = ['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);
    restore = changeEnvironment(Object.fromEntries(proxies.map((name) => [name, undefined])));
  });
  after(() => restore());
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'presence-'));
    asked = [];
    answer = (_, response) => void response.end();
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}${request.headers.range ? ` ${request.headers.range}` : ''}`);
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    rmSync(directory, { recursive: true });
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  const status = (code: number) => (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(code).end();
  const presence = (uri: string, patienceNow = patience) =>
    new PresenceOfFiles(testHost(), patienceNow).of(parseSource(uri));

  it('asks with one HEAD request, however often it is asked', async () => {
    const files = new PresenceOfFiles(testHost(), patience);
    const answers = await Promise.all([files.of(parseSource(`${url}/linux`)), files.of(parseSource(`${url}/linux`))]);
    expect(answers).to.deep.equal([{ is: 'there' }, { is: 'there' }]);
    expect(asked).to.deep.equal(['HEAD /linux']);
  });

  for (const [code, text] of [
    [404, '404 Not Found'],
    [403, '403 Forbidden'],
    [410, '410 Gone'],
    [500, '500 Internal Server Error'],
  ] as const) {
    it(`tells that the server answers ${code}`, async () => {
      answer = status(code);
      expect(await presence(`${url}/linux`)).to.deep.equal({ is: 'gone', why: `the server answers ${text}` });
      expect(asked).to.deep.equal(['HEAD /linux']);
    });
  }

  it('follows redirects, to what is there and to what is not', async () => {
    answer = (request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new' });
      if (request.url === '/lost') response.writeHead(301, { location: '/nowhere' });
      if (request.url === '/nowhere') response.writeHead(404);
      response.end();
    };
    expect(await presence(`${url}/old`)).to.deep.equal({ is: 'there' });
    expect(await presence(`${url}/lost`)).to.have.property('why', 'the server answers 404 Not Found');
    expect(asked).to.deep.equal(['HEAD /old', 'HEAD /new', 'HEAD /lost', 'HEAD /nowhere']);
  });

  for (const code of [405, 501]) {
    it(`asks for a byte where HEAD is answered with ${code}, and reads no more of what has no ranges`, async () => {
      answer = (request, response) => {
        if (request.method === 'HEAD') return void response.writeHead(code).end();
        if (request.url !== '/linux') return void response.writeHead(404).end();
        response.writeHead(200);
        // A body that never ends.
        response.write(Buffer.alloc(64 * 1024));
      };
      expect(await presence(`${url}/linux`)).to.deep.equal({ is: 'there' });
      expect(await presence(`${url}/initrd`)).to.have.property('why', 'the server answers 404 Not Found');
      expect(asked).to.include.members(['HEAD /linux', 'GET /linux bytes=0-0']);
    });
  }

  it('tells of a connection that is refused, and of one that says nothing', async () => {
    const closed = createTcpServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    await new Promise((end) => closed.close(end));
    expect(await presence(`http://user:s3cret@127.0.0.1:${port}/linux`))
      .to.have.property('why')
      .that.contains('ECONNREFUSED')
      .and.does.not.contain('s3cret');
    answer = () => {};
    const silent = await presence(`${url}/linux`, { connectMs: 100, stallMs: 100 });
    expect(silent)
      .to.have.property('why')
      .that.matches(/Timeout awaiting/);
  });

  it('asks no more than eight times at once', async () => {
    const open: ServerResponse[] = [];
    let most = 0;
    answer = (_, response) => {
      most = Math.max(most, open.push(response));
      // Time for one more to come, if more were asked.
      if (open.length === 8) setTimeout(() => open.splice(0).forEach((one) => one.end()), 50);
    };
    const files = new PresenceOfFiles(testHost(), patience);
    await Promise.all(Array.from({ length: 24 }, (_, number) => files.of(parseSource(`${url}/${number}`))));
    expect(asked).to.have.length(24);
    expect(most).to.equal(8);
  });

  it('asks the proxy of http_proxy', async () => {
    const back = changeEnvironment({ http_proxy: url });
    try {
      expect(await presence('http://mirror.invalid/linux')).to.deep.equal({ is: 'there' });
      expect(asked).to.deep.equal(['HEAD http://mirror.invalid/linux']);
    } finally {
      back();
    }
  });

  it('ends when it is told to', async () => {
    answer = () => {};
    const stop = new AbortController();
    const files = new PresenceOfFiles(testHost(stop.signal), { connectMs: 10_000, stallMs: 10_000 });
    const answered = rejection(files.of(parseSource(`${url}/linux`)));
    while (asked.length === 0) await sleep(5);
    stop.abort(new Interrupted('SIGINT'));
    expect(await answered).to.be.instanceOf(Interrupted);
  });

  it('looks up files of this machine', async () => {
    writeFileSync(join(directory, 'linux'), '');
    expect(await presence(join(directory, 'linux'))).to.deep.equal({ is: 'there' });
    expect(await presence(`file://${directory}/linux`)).to.deep.equal({ is: 'there' });
    expect(await presence(join(directory, 'initrd')))
      .to.have.property('why')
      .that.equals('no such file or directory');
    expect(await presence(directory)).to.have.property('why', 'it is a directory');
  });

  it('lists what an rsync daemon has', async () => {
    mkdirSync(join(directory, 'module'));
    writeFileSync(join(directory, 'module/linux'), '');
    const conf = join(directory, 'rsyncd.conf');
    writeFileSync(conf, `use chroot = no\n[netboot]\npath = ${join(directory, 'module')}\n`);
    const free = createTcpServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    await new Promise((end) => free.close(end));
    const daemon = spawn(
      'rsync',
      ['--daemon', '--no-detach', `--config=${conf}`, `--port=${port}`, '--address=127.0.0.1'],
      { stdio: 'ignore' },
    );
    try {
      while (!(await answers(port))) await sleep(20);
      expect(await presence(`rsync://127.0.0.1:${port}/netboot/linux`)).to.deep.equal({ is: 'there' });
      expect(await presence(`rsync://127.0.0.1:${port}/netboot/initrd`))
        .to.have.property('why')
        .that.contains('No such file or directory');
    } finally {
      daemon.kill();
      await once(daemon, 'close');
    }
  });
});

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
