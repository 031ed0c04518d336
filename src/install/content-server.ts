import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Host } from '../host/host.js';
import { Failure } from '../host/failure.js';

/** Where a guest on QEMU's user network finds the builder's loopback interface. */
const builderAddress = '10.0.2.2';

export interface ContentServer {
  /** `address:port` as the guest reaches it. */
  readonly guestHost: string;
  /** On the loopback interface. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves a directory to the installer, on a free port of the loopback interface. Only GET and HEAD, only regular
 * files below the directory.
 *
 * @throws Failure if there is no such directory
 */
export async function serveDirectory(host: Pick<Host, 'log'>, directory: string): Promise<ContentServer> {
  const root = resolve(directory);
  const isDirectory = await stat(root).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw new Failure(`http-directory: there is no directory '${root}'`);

  const server = createServer((request, response) => {
    void (async () => {
      const file = fileFor(root, request.url ?? '/');
      const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
      if (file === undefined || !found?.isFile() || !['GET', 'HEAD'].includes(request.method ?? '')) {
        host.log.debug(`http-directory: 404 ${request.method} ${request.url}`);
        response.writeHead(404).end();
        return;
      }
      host.log.debug(`http-directory: ${request.method} ${request.url}`);
      response.writeHead(200, { 'Content-Length': found.size });
      if (request.method === 'HEAD') response.end();
      else await pipeline(createReadStream(file), response);
    })().catch((error: unknown) => {
      // A guest may break off a download: the server continues.
      host.log.debug(`http-directory: ${String(error)}`);
      response.destroy();
    });
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed).listen(0, '127.0.0.1', listening);
  });
  const { port } = server.address() as AddressInfo;
  return {
    guestHost: `${builderAddress}:${port}`,
    port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function fileFor(root: string, url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.replace(/[?#].*$/, ''));
    return path.includes('\0') ? undefined : join(root, normalize(`/${path}`));
  } catch {
    return undefined;
  }
}
