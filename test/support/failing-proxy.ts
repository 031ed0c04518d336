import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy for HTTP on the loopback interface, whose network can be lost in the middle of a file. */
export class FailingProxy {
  readonly #server: Server;
  /** What was asked for. */
  readonly asked: string[] = [];
  /** The file in the middle of which the network is lost. */
  losesAt: RegExp | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      const url = request.url ?? '';
      this.asked.push(url);
      fetch(url, { headers: { 'accept-encoding': 'identity' }, redirect: 'follow' })
        .then(async (answer) => {
          const body = Buffer.from(await answer.arrayBuffer());
          const isLost = this.losesAt?.test(url) === true;
          response.writeHead(answer.status, {
            'content-length': body.length,
            ...lastModified(answer.headers.get('last-modified')),
          });
          if (isLost) response.write(body.subarray(0, body.length / 2), () => this.lose());
          else response.end(body);
        })
        .catch(() => response.destroy());
    });
  }

  static async start(): Promise<FailingProxy> {
    const proxy = new FailingProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends all connections and takes no more. */
  lose(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const lastModified = (time: string | null) => (time === null ? {} : { 'last-modified': time });
