import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { rejection, testHost } from '../../test/support/host.js';
import { serveDirectory, type ContentServer } from './content-server.js';

describe('serveDirectory', () => {
  let directory: string;
  let server: ContentServer;
  const host = testHost();

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'content-server-'));
    const root = join(directory, 'served');
    mkdirSync(join(root, 'pool'), { recursive: true });
    writeFileSync(join(root, 'pool/a b ü.deb'), 'package');
    writeFileSync(join(root, '..name'), 'two dots');
    writeFileSync(join(root, 'empty'), '');
    writeFileSync(join(root, 'large'), '');
    truncateSync(join(root, 'large'), 32 * 2 ** 20);
    execFileSync('mkfifo', [join(root, 'fifo')]);
    writeFileSync(join(directory, 'secret'), 'secret');
    server = await serveDirectory(host, root);
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  /** The path goes out as it is: fetch and URL would make it harmless before. */
  async function ask(path: string, method = 'GET'): Promise<IncomingMessage> {
    const asked = request({
      host: '127.0.0.1',
      port: Number(server.guestHost.split(':')[1]),
      path,
      method,
      agent: false,
    });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }

  async function get(path: string, method?: string): Promise<[status: number | undefined, body: string]> {
    const response = await ask(path, method);
    return [response.statusCode, (await buffer(response)).toString()];
  }

  it('has the address at which a guest finds this machine', () => {
    expect(server.guestHost).to.match(/^10\.0\.2\.2:\d+$/);
  });

  it('serves files, whatever their names', async () => {
    expect(await get('/pool/a%20b%20%C3%BC.deb')).to.deep.equal([200, 'package']);
    expect(await get('//pool/./a%20b%20%C3%BC.deb?x=1#y')).to.deep.equal([200, 'package']);
    expect(await get('/..name')).to.deep.equal([200, 'two dots']);
    expect(await get('/empty')).to.deep.equal([200, '']);
  });

  it('tells the size without the content', async () => {
    const response = await ask('/large', 'HEAD');
    expect([response.statusCode, response.headers['content-length']]).to.deep.equal([200, String(32 * 2 ** 20)]);
    expect(await buffer(response)).to.have.length(0);
  });

  it('has nothing but regular files', async () => {
    for (const path of ['/', '/pool', '/missing', '/fifo', '/empty/x', '/%', '/%00', '/pool%00', '*']) {
      expect(await get(path), path).to.deep.equal([404, '']);
    }
    expect(host.log.lines).to.include('debug: http-directory: 404 GET /missing');
  });

  it('leads nowhere else', async () => {
    for (const path of [
      '/../secret',
      '/pool/../../secret',
      '/%2e%2e/secret',
      '/..%2fsecret',
      '/pool/..%2f..%2fsecret',
      '//../secret',
      '/..\\secret',
      `//${directory}/secret`,
      `http://127.0.0.1/../secret`,
    ]) {
      expect(await get(path), path).to.deep.equal([404, '']);
    }
  });

  it('only gives', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await get('/empty', method))[0], method).to.equal(404);
    }
  });

  it('outlives a guest that breaks off a download', async () => {
    const response = await ask('/large');
    await once(response, 'readable');
    response.destroy();
    expect((await get('/pool/a%20b%20%C3%BC.deb'))[0]).to.equal(200);
  });

  it('closes at once, downloads or not', async () => {
    const other = await serveDirectory(host, join(directory, 'served'));
    const port = Number(other.guestHost.split(':')[1]);
    const asked = request({ host: '127.0.0.1', port, path: '/large' }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const brokenOff = rejection(buffer(response));
    await other.close();
    expect(await brokenOff).to.have.property('code', 'ECONNRESET');
    const refused = request({ host: '127.0.0.1', port }).end();
    expect(((await once(refused, 'error')) as [NodeJS.ErrnoException])[0].code).to.equal('ECONNREFUSED');
  });

  it('needs a directory', async () => {
    for (const name of ['missing', 'secret']) {
      const error = await rejection(serveDirectory(host, join(directory, name)));
      expect(error)
        .to.be.instanceOf(Failure)
        .with.property('message', `http-directory: there is no directory '${directory}/${name}'`);
    }
  });
});
