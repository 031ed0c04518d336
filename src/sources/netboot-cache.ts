import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { makeDirectory } from '../host/make-directory.js';
import { withFileLock } from '../host/file-lock.js';
import { command, run, type Command, type Host } from '../host/host.js';
import {
  cachePlace,
  cachedRecord,
  dropPart,
  writeRecord,
  type CachePlace,
  type CacheRecord,
  type Validators,
} from './cache-record.js';
import { download } from './download.js';
import { defaultPatience, type Patience } from './http-client.js';
import {
  cachedName,
  fetchFailure,
  originOf,
  sumsAskedFor,
  tooLarge,
  type NetbootSource,
  type Origin,
} from './netboot-source.js';

export interface CachedFile {
  readonly path: string;
  readonly outcome: 'unchanged' | 'fetched' | 'resumed' | 'copied';
  /** Bytes that came over the network or were copied; with rsync the size of the file. */
  readonly bodyBytes: number;
  readonly sha256: string;
  readonly size: number;
}

/** A whole file that is not in the cache yet. */
interface Arrival {
  readonly outcome: 'fetched' | 'resumed' | 'copied';
  readonly file: string;
  readonly bodyBytes: number;
  readonly validators: Validators;
}

const RSYNC_STALL_SECONDS = 60;

/**
 * Brings a netboot file into the cache, or finds that the one there is still the source's. Under its name there is
 * always a whole file: the old one until the new one is complete and checked. Builds that want the same file at the
 * same time take turns.
 *
 * @param cacheDir `<cache_dir>/<image>`, made if it is missing
 * @throws UsageError where the source cannot be understood
 * @throws Failure where it cannot be got or has another checksum than asked for; what was in the cache stays
 */
export async function cacheNetbootFile(
  host: Host,
  cacheDir: string,
  source: NetbootSource,
  patience: Patience = defaultPatience,
): Promise<CachedFile> {
  const origin = originOf(source);
  const place = cachePlace(cacheDir, cachedName(source.uri));
  makeCacheDirectory(cacheDir);
  return withFileLock(host, place.lock, `the cache file ${place.path}`, async () => {
    await rm(place.scratch, { recursive: true, force: true });
    try {
      return await bringUpToDate(host, place, source, origin, patience);
    } finally {
      await rm(place.scratch, { recursive: true, force: true });
    }
  });
}

/** @throws Failure where it can't be made */
export function makeCacheDirectory(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (error) {
    throw new Failure(`Cannot make the cache directory ${directory}: ${reasonOf(error)}`, {
      hint: 'Choose a cache_dir.',
    });
  }
}

/** The commands that {@link cacheNetbootFile} would run. */
export function fetchCommands(cacheDir: string, source: NetbootSource): Command[] {
  const origin = originOf(source);
  return origin.by === 'rsync' ? [rsyncCommand(cachePlace(cacheDir, cachedName(source.uri)), source, origin)] : [];
}

async function bringUpToDate(
  host: Host,
  place: CachePlace,
  source: NetbootSource,
  origin: Origin,
  patience: Patience,
): Promise<CachedFile> {
  const known = await trustedRecord(host, place, source);
  const arrival = await fetchFrom(host, place, source, origin, known, patience);
  if (arrival === 'unchanged') {
    await dropPart(place);
    const { size } = await stat(place.path);
    const sha256 = known?.sha256 ?? (await sha256Of(host, place.path));
    return { path: place.path, outcome: 'unchanged', bodyBytes: 0, sha256, size };
  }
  const sha256 = await checkedSum(host, place, arrival.file, source);
  const { size, mtimeMs } = await stat(arrival.file);
  await rename(arrival.file, place.path);
  await writeRecord(place.record, { uri: source.uri, ...arrival.validators, size, mtimeMs, sha256 });
  await dropPart(place);
  return { path: place.path, outcome: arrival.outcome, bodyBytes: arrival.bodyBytes, sha256, size };
}

/**
 * What the cache has of the source already. A file that somebody changed there, or that lacks a sum asked for, counts as
 * nothing: it is read again each time, for size and time are easily put back.
 */
async function trustedRecord(host: Host, place: CachePlace, source: NetbootSource): Promise<CacheRecord | undefined> {
  const record = await cachedRecord(place, source.uri);
  if (!record) return undefined;
  const sha256 = await sha256Of(host, place.path);
  if (record.sha256 !== undefined && record.sha256 !== sha256) {
    host.log.warn(`${source.option}: ${place.path} was changed in the cache after it was fetched; fetching it again`);
    return undefined;
  }
  const other = sumsAskedFor(source).find((asked) => asked.sha256 !== sha256);
  if (!other) {
    const complete = { ...record, sha256 };
    if (record.sha256 === undefined) await writeRecord(place.record, complete);
    return complete;
  }
  host.log.info(`${source.option}: ${place.path} has not the sum that ${other.by}; fetching it again`);
  return undefined;
}

async function fetchFrom(
  host: Host,
  place: CachePlace,
  source: NetbootSource,
  origin: Origin,
  known: CacheRecord | undefined,
  patience: Patience,
): Promise<Arrival | 'unchanged'> {
  switch (origin.by) {
    case 'copy':
      return copy(host, place, source, origin.path, known);
    case 'rsync':
      return rsync(host, place, source, origin, known);
    case 'http': {
      const downloaded = await download(host, source, origin.url, place, known, patience);
      return downloaded.outcome === 'unchanged' ? 'unchanged' : { ...downloaded, file: place.part };
    }
  }
}

async function copy(
  host: Host,
  place: CachePlace,
  source: NetbootSource,
  path: string,
  known: CacheRecord | undefined,
): Promise<Arrival | 'unchanged'> {
  try {
    const original = await stat(path);
    if (!original.isFile()) throw new Error('it is not a file');
    if (original.size > (source.maxBytes ?? Infinity)) throw new Error(tooLarge(source));
    if (known?.size === original.size && known.sourceMtimeMs === original.mtimeMs) return 'unchanged';
    host.log.info(`${source.option}: copying ${path}`);
    await mkdir(place.scratch);
    const file = scratchFile(place);
    await copyFile(path, file, constants.COPYFILE_FICLONE);
    await utimes(file, original.atime, original.mtime);
    await sync(file);
    host.signal.throwIfAborted();
    return { outcome: 'copied', file, bodyBytes: original.size, validators: { sourceMtimeMs: original.mtimeMs } };
  } catch (error) {
    host.signal.throwIfAborted();
    throw fetchFailure(source, (error as Error).message);
  }
}

function rsyncCommand(
  place: CachePlace,
  { maxBytes }: NetbootSource,
  { uri, password }: Origin & { by: 'rsync' },
): Command {
  const options = ['--no-motd', '--times', '--copy-links', `--timeout=${RSYNC_STALL_SECONDS}`];
  const limit = maxBytes === undefined ? [] : [`--max-size=${maxBytes}`];
  const args = [...options, ...limit, uri, scratchFile(place)];
  return command('rsync', args, password === undefined ? {} : { env: { RSYNC_PASSWORD: password } });
}

async function rsync(
  host: Host,
  place: CachePlace,
  source: NetbootSource,
  origin: Origin & { by: 'rsync' },
  known: CacheRecord | undefined,
): Promise<Arrival | 'unchanged'> {
  const file = scratchFile(place);
  try {
    await mkdir(place.scratch);
    // rsync leaves a file alone that has the source's size and time, and replaces it, never writes into it, otherwise.
    // Without the link (another owner's file, a file system without links) it only has more to transfer.
    if (known) await link(place.path, file).catch(() => undefined);
    host.log.info(`${source.option}: asking ${origin.uri}`);
    await run(host, rsyncCommand(place, source, origin));
    const { ino, size } = await stat(file).catch((error: Error) => {
      // rsync passes over what is larger than --max-size, and says nothing.
      throw source.maxBytes === undefined ? error : new Error(tooLarge(source));
    });
    if (known && ino === (await stat(place.path)).ino) return 'unchanged';
    await sync(file);
    return { outcome: 'fetched', file, bodyBytes: size, validators: {} };
  } catch (error) {
    host.signal.throwIfAborted();
    throw fetchFailure(source, (error as Error).message, error instanceof Failure ? error.hint : undefined);
  }
}

/** The cached file's own name, because programs put the name that they are given in their messages. */
function scratchFile(place: CachePlace): string {
  return join(place.scratch, basename(place.path));
}

async function sync(path: string): Promise<void> {
  const file = await open(path);
  await file.sync().finally(() => file.close());
}

/** The file's SHA-256 sum; @throws Failure unless it is every sum asked for; then the download is dropped */
async function checkedSum(host: Host, place: CachePlace, file: string, source: NetbootSource): Promise<string> {
  const sha256 = await sha256Of(host, file);
  const other = sumsAskedFor(source).find((asked) => asked.sha256 !== sha256);
  if (!other) return sha256;
  await dropPart(place);
  throw fetchFailure(
    source,
    `its SHA-256 sum is ${sha256}, but ${other.by} ${other.sha256}`,
    other.sha256 === source.sha256?.toLowerCase()
      ? `If the mirror has a new release that you trust, put its sum into ${source.option}-sha256.`
      : 'The file was changed on its way, or the mirror is being updated. Try again later, or another mirror.',
  );
}

async function sha256Of(host: Host, path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal: host.signal }).catch((error: unknown) => {
    host.signal.throwIfAborted();
    throw error;
  });
  return hash.digest('hex');
}
