import { once } from 'node:events';
import { open, stat, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Got, Response } from 'got';
import type { Host } from '../host/host.js';
import {
  dropPart,
  readRecord,
  writeRecord,
  type CachePlace,
  type CacheRecord,
  type Validators,
} from './cache-record.js';
import { httpClient, proxyFor, viaProxy, type Patience } from './http-client.js';
import { fetchFailure, tooLarge, type NetbootSource } from './netboot-source.js';

const PROGRESS_EVERY_MS = 200;
const MIB = 1024 * 1024;

/** Faults of the network that may be over in a moment. A name that doesn't exist, or a bad certificate, is none. */
const PASSING = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'],
  ...['ENETDOWN', 'ENETUNREACH', 'ENETRESET', 'EHOSTDOWN', 'EHOSTUNREACH', 'ERR_STREAM_PREMATURE_CLOSE'],
]);

export type Download =
  | { readonly outcome: 'unchanged' }
  /** The whole file is at `place.part`, synced to disk. */
  | { readonly outcome: 'fetched' | 'resumed'; readonly bodyBytes: number; readonly validators: Validators };

interface Transfer {
  readonly host: Host;
  readonly source: NetbootSource;
  readonly url: string;
  readonly place: CachePlace;
  readonly got: Got;
  /** Bytes of bodies so far, in all attempts. */
  bodyBytes: number;
}

/**
 * Fetches a file by HTTP to `place.part`, continuing what an earlier attempt or run left there if the server still has
 * that very file. What can be continued stays there on failure and abort.
 *
 * @param known the file that the cache has from this URL: then an unchanged one is not fetched again
 * @throws Failure naming option, URL, status and what to try
 */
export async function download(
  host: Host,
  source: NetbootSource,
  url: string,
  place: CachePlace,
  known: Validators | undefined,
  patience: Patience,
): Promise<Download> {
  const transfer: Transfer = {
    host,
    source,
    url,
    place,
    got: await httpClient(host.signal, patience, source),
    bodyBytes: 0,
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchOnce(transfer, known);
    } catch (error) {
      if (error instanceof TooLarge || !(await resumablePart(source, place))) await dropPart(place);
      host.signal.throwIfAborted();
      const { why, hint, passes, retryAfterMs = 0 } = troubleOf(error, await proxyFor(url));
      if (!passes) throw fetchFailure(source, why, hint);
      if (attempt >= patience.attempts) throw fetchFailure(source, `${why} (${attempt} attempts)`, hint);
      const backoffMs = patience.firstPauseMs * 2 ** (attempt - 1);
      const pauseMs = Math.min(Math.max(backoffMs, retryAfterMs), patience.longestPauseMs);
      const next = `attempt ${attempt + 1} of ${patience.attempts} in ${(pauseMs / 1000).toFixed(1)} s`;
      host.log.warn(`${fetchFailure(source, why).message}; ${next}`);
      await sleep(pauseMs, undefined, { signal: host.signal }).catch(() => host.signal.throwIfAborted());
    }
  }
}

async function fetchOnce(transfer: Transfer, known: Validators | undefined): Promise<Download> {
  const { host, source, place } = transfer;
  const part = await resumablePart(source, place);
  const stream = transfer.got.stream(transfer.url, { headers: { ...ifChanged(known), ...theRestOf(part) } });
  // Without a listener, an error would end the process. The next read reports it again.
  stream.on('error', () => {});
  try {
    const [response] = (await once(stream, 'response')) as [Response];
    if (response.statusCode === 304 && known) return { outcome: 'unchanged' };
    if (response.statusCode === 206 && part) {
      const size = await sizeOfContinued(place, part, response);
      host.log.info(`${source.option}: continuing a partial download at ${mib(part.bytes)} MiB`);
      await append(transfer, stream, part.bytes, size);
      return { outcome: 'resumed', bodyBytes: transfer.bodyBytes, validators: part.record };
    }
    if (response.statusCode === 416) await dropPart(place);
    if (response.statusCode !== 200) throw new Refused(response);
    const validators = validatorsOf(response);
    const size = wholeNumber(response.headers['content-length']);
    host.log.info(`${source.option}: fetching ${source.from.shown}`);
    await writeFile(place.part, '');
    await writeRecord(place.partRecord, { uri: source.from.shown, ...validators, size });
    await append(transfer, stream, 0, size);
    return { outcome: 'fetched', bodyBytes: transfer.bodyBytes, validators };
  } finally {
    stream.destroy();
  }
}

/** Writes a body to the end of the part; @throws Broken unless the part then has its full size, where that is known. */
async function append(transfer: Transfer, body: Readable, from: number, size: number | undefined): Promise<void> {
  const { host, source, place } = transfer;
  let bytes = from;
  let shownAt = 0;
  const file = await open(place.part, 'a');
  // The pipeline tells only that it was aborted, where it is the writing that fails.
  let fault: unknown;
  const noteFault = (error: unknown) => {
    fault = error;
    throw error;
  };
  const write = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      await file.appendFile(chunk);
      bytes += chunk.length;
      transfer.bodyBytes += chunk.length;
      if (bytes > (source.maxBytes ?? Infinity)) throw new TooLarge(tooLarge(source));
      if (Date.now() < shownAt + PROGRESS_EVERY_MS && bytes !== size) continue;
      shownAt = Date.now();
      const text = `${source.option} ${mib(bytes)}${size === undefined ? '' : ` of ${mib(size)}`} MiB`;
      host.log.progress({ text, fraction: size ? Math.min(bytes / size, 1) : undefined });
    }
  };
  try {
    await pipeline(body, (chunks: AsyncIterable<Buffer>) => write(chunks).catch(noteFault), { signal: host.signal });
    await file.sync();
  } catch (error) {
    throw fault ?? error;
  } finally {
    await file.close();
  }
  if (size === undefined || bytes === size) return;
  if (bytes > size) await dropPart(place);
  throw new Broken(`the body has ${bytes} bytes instead of ${size}`);
}

interface Part {
  readonly bytes: number;
  readonly record: CacheRecord;
  /** For If-Range. */
  readonly validator: string;
}

/** @returns undefined unless the server can be asked for the rest of exactly this file */
async function resumablePart(source: NetbootSource, place: CachePlace): Promise<Part | undefined> {
  const record = await readRecord(place.partRecord, source.from);
  const bytes = (await stat(place.part).catch(() => undefined))?.size ?? 0;
  const strongEtag = record?.etag?.startsWith('"') ? record.etag : undefined;
  const validator = strongEtag ?? (record?.lastModifiedIsStrong ? record.lastModified : undefined);
  if (!record || validator === undefined || bytes === 0 || bytes >= (record.size ?? Infinity)) return undefined;
  return { bytes, record, validator };
}

function ifChanged(known: Validators | undefined): Record<string, string> {
  return {
    ...(known?.etag ? { 'if-none-match': known.etag } : {}),
    ...(known?.lastModified ? { 'if-modified-since': known.lastModified } : {}),
  };
}

function theRestOf(part: Part | undefined): Record<string, string> {
  return part ? { range: `bytes=${part.bytes}-`, 'if-range': part.validator } : {};
}

/** @returns the whole file's size; @throws Broken where the answer is not the rest of the part */
async function sizeOfContinued(place: CachePlace, part: Part, { headers }: Response): Promise<number | undefined> {
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  const size = wholeNumber(total) ?? part.record.size;
  const sameFile = headers.etag === undefined || part.record.etag === undefined || headers.etag === part.record.etag;
  if (Number(first) === part.bytes && size === (part.record.size ?? size) && sameFile) return size;
  await dropPart(place);
  throw new Broken(`the server sent another range than bytes ${part.bytes}- of the same file`);
}

function validatorsOf({ headers }: Response): Validators {
  const lastModified = headers['last-modified'];
  const ageMs = Date.parse(headers.date ?? '') - Date.parse(lastModified ?? '');
  return { etag: headers.etag, lastModified, lastModifiedIsStrong: ageMs >= 1000 };
}

/** The server's answer is no file. */
class Refused extends Error {
  constructor(readonly response: Response) {
    super(`the server answers ${response.statusCode} ${response.statusMessage ?? ''}`.trim());
  }
}

/** What no attempt makes smaller. */
class TooLarge extends Error {}

/** A body that is not what its headers announce. */
class Broken extends Error {}

interface Trouble {
  readonly why: string;
  readonly hint?: string | undefined;
  /** Whether another attempt makes sense, after `retryAfterMs` if the server names a time. */
  readonly passes: boolean;
  readonly retryAfterMs?: number | undefined;
}

/** @param proxy the one that was asked, as messages may name it */
function troubleOf(error: unknown, proxy: string | undefined): Trouble {
  if (error instanceof Broken) return { why: error.message, passes: true };
  if (error instanceof Refused) {
    const { statusCode, headers } = error.response;
    return {
      why: error.message,
      hint: statusHint(statusCode),
      passes: [408, 416, 429].includes(statusCode) || statusCode >= 500,
      retryAfterMs: retryAfterMs(headers['retry-after']),
    };
  }
  const { message, code = '', hostname } = error as NodeJS.ErrnoException & { hostname?: string };
  const unknown = code === 'ENOTFOUND' && hostname !== undefined;
  const why = unknown ? `there is no server called ${hostname} (${message})` : message;
  return { why: viaProxy(why, proxy), hint: errorHint(code, proxy), passes: PASSING.has(code) };
}

function statusHint(status: number): string | undefined {
  if (status === 404 || status === 410) return 'Check that the release is still on this mirror.';
  if (status === 401 || status === 403)
    return 'If the server requires a login, put it into the URL: https://user:password@…';
  if (status === 407) return 'The proxy requires a login: set http_proxy=http://user:password@…';
  return undefined;
}

function errorHint(code: string, proxy: string | undefined): string | undefined {
  if (code === 'ENOTFOUND' && proxy !== undefined) return 'Check the name of the proxy (http_proxy, https_proxy).';
  if (code === 'ENOTFOUND') return "Check the server's name. If this machine needs a proxy, set http_proxy.";
  if (code === 'ENOSPC') return 'Free space for the netboot cache, or choose another cache_dir.';
  return undefined;
}

function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = wholeNumber(header);
  const ms = seconds === undefined ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : ms;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
