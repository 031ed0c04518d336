import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { Source } from '../config/source.js';
import { reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import { maskUrls } from '../host/mask.js';
import { findProgram } from '../host/programs.js';
import { Turns } from '../host/turns.js';
import { httpClient, proxyFor, viaProxy, type Patience } from './http-client.js';

/** What became of a file that a configuration names. */
export type Presence =
  | { readonly is: 'there' }
  | { readonly is: 'gone'; readonly why: string }
  /** It can't be asked for here. */
  | { readonly is: 'unknown'; readonly why: string; readonly program: 'rsync' };

/** Milliseconds: for a connection, and for an answer. */
export const presencePatience = { connectMs: 10_000, stallMs: 20_000 } as const;

/** Requests at a time, over all servers. */
const requestsAtOnce = 8;

/** HTTP, RFC 9110: 405 Method Not Allowed, 501 Not Implemented. */
const headRefused = new Set([405, 501]);

/** Asks whether files are there, each one once, however often it is asked for, and without fetching it. */
export class PresenceOfFiles {
  readonly #asked = new Map<string, Promise<Presence>>();
  readonly #turns = new Turns(requestsAtOnce);

  constructor(
    private readonly host: Caller,
    private readonly patience: Pick<Patience, 'connectMs' | 'stallMs'> = presencePatience,
  ) {}

  of(source: Source): Promise<Presence> {
    const known = this.#asked.get(source.uri);
    if (known) return known;
    const answer = this.#turns.take(() => this.#ask(source));
    this.#asked.set(source.uri, answer);
    return answer;
  }

  async #ask(source: Source): Promise<Presence> {
    this.host.signal.throwIfAborted();
    switch (source.by) {
      case 'copy':
        return stat(source.path).then(
          (found) => (found.isDirectory() ? gone('it is a directory') : there),
          (error: Error) => gone(reasonOf(error)),
        );
      case 'http':
        return this.#askByHttp(source.url);
      case 'rsync':
        return this.#askByRsync(source.url, source.password);
    }
  }

  async #askByHttp(url: string): Promise<Presence> {
    const client = await httpClient(this.host.signal, this.patience);
    try {
      const { statusCode, statusMessage = '' } = await client.head(url);
      const status = headRefused.has(statusCode) ? await firstByte(client, url) : { statusCode, statusMessage };
      if (status.statusCode < 400) return there;
      return gone(`the server answers ${status.statusCode} ${status.statusMessage}`.trim());
    } catch (error) {
      this.host.signal.throwIfAborted();
      return gone(viaProxy((error as Error).message, await proxyFor(url)));
    }
  }

  async #askByRsync(uri: string, password: string | undefined): Promise<Presence> {
    if (findProgram('rsync') === undefined) {
      return { is: 'unknown', why: 'rsync is not installed', program: 'rsync' };
    }
    const seconds = String(Math.ceil(this.patience.stallMs / 1000));
    const args = ['--list-only', `--timeout=${seconds}`, `--contimeout=${seconds}`, '--', uri];
    try {
      await run(this.host, command('rsync', args, password === undefined ? {} : { env: { RSYNC_PASSWORD: password } }));
      return there;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return gone(error.message.split('\n').slice(1).join(' ').trim() || error.message);
    }
  }
}

const there: Presence = { is: 'there' };

function gone(why: string): Presence {
  return { is: 'gone', why: maskUrls(why) };
}

async function firstByte(
  client: Awaited<ReturnType<typeof httpClient>>,
  url: string,
): Promise<{ statusCode: number; statusMessage: string }> {
  const stream = client.stream(url, { headers: { range: 'bytes=0-0' } });
  // Without a listener, an error would end the process.
  stream.on('error', () => {});
  try {
    const [{ statusCode, statusMessage = '' }] = (await once(stream, 'response')) as [
      { statusCode: number; statusMessage?: string },
    ];
    return { statusCode, statusMessage };
  } finally {
    // A server that knows no ranges would send all of it.
    stream.destroy();
  }
}
