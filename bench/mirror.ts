import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const MiB = 2 ** 20;

interface Line {
  /** Bits a second. */
  readonly speed?: number;
  /** Bytes of body after which each connection of this file breaks, as often as that is said. */
  readonly breaks?: { readonly after: number; times: number };
}

/** A mirror on loopback that counts what it sends of files' bodies; it knows conditional requests and ranges. */
export class LoopbackMirror {
  readonly files = new Map<string, { content: Buffer; modified: Date }>();
  line: Line = {};
  /** Bytes of bodies sent so far. */
  bodyBytes = 0;
  #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  static async open(): Promise<LoopbackMirror> {
    const mirror = new LoopbackMirror();
    mirror.#server.listen(0, '127.0.0.1');
    await once(mirror.#server, 'listening');
    return mirror;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Bytes of bodies that were sent while something was done. */
  async counting(action: () => Promise<unknown>): Promise<number> {
    const before = this.bodyBytes;
    await action();
    return this.bodyBytes - before;
  }

  async #answer({ url = '', headers, method }: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = this.files.get(url.slice(1));
    if (!file) return void response.writeHead(404).end();
    const modified = file.modified.toUTCString();
    if (headers['if-modified-since'] === modified) return void response.writeHead(304).end();
    const wanted = /^bytes=(\d+)-$/.exec(headers.range ?? '');
    const isSame = headers['if-range'] === undefined || headers['if-range'] === modified;
    const start = wanted && isSame ? Number(wanted[1]) : 0;
    const { length } = file.content;
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': length - start,
      'last-modified': modified,
      'accept-ranges': 'bytes',
      ...(start > 0 ? { 'content-range': `bytes ${start}-${length - 1}/${length}` } : {}),
    });
    if (method === 'HEAD') return void response.end();
    await pipeline(this.#chunks(file.content.subarray(start)), response);
  }

  /** @throws Error where the line breaks */
  async *#chunks(content: Buffer): AsyncGenerator<Buffer> {
    const { speed, breaks } = this.line;
    const chunkSize = speed === undefined ? MiB : speed / 8 / 50;
    for (let sent = 0; sent < content.length; sent += chunkSize) {
      if (breaks && breaks.times > 0 && sent >= breaks.after) {
        breaks.times--;
        throw new Error('the line is broken');
      }
      const chunk = content.subarray(sent, sent + chunkSize);
      this.bodyBytes += chunk.length;
      yield chunk;
      if (speed !== undefined) await sleep(1000 / 50);
    }
  }
}
