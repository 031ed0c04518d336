import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Source } from '../config/source.js';
import { sha256Of } from '../host/digest.js';
import { errnoOf, hintFor, reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { makeDirectory } from '../host/make-directory.js';
import { withFileLock } from '../host/file-lock.js';
import { command, run, type Command, type Host } from '../host/host.js';
import {
  cachePlace,
  cachedRecord,
  dropPart,
  recordAt,
  writeRecord,
  type CachePlace,
  type CacheRecord,
  type Validators,
} from './cache-record.js';
import { contentFault } from './content.js';
import { download } from './download.js';
import type { Patience } from './http-client.js';
import { fetchFailure, sumsAskedFor, tooLarge, type NetbootSource } from './netboot-source.js';

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
 * Brings a netboot file into the cache, or finds that the one there is still the source's, and does something with it
 * while no other build can put another in its place. Under its name there is always a whole file: the old one until the
 * new one is complete and checked. Concurrent builds fetch the same file one at a time.
 *
 * @param directory the file's own directory in the cache, made if it is missing
 * @throws Failure where the file cannot be got, or is not what it should be; what was in the cache stays
 */
export async function withNetbootFile<T>(
  host: Host,
  directory: string,
  source: NetbootSource,
  patience: Patience,
  use: (file: CachedFile) => Promise<T>,
): Promise<T> {
  const place = cachePlace(directory, source.from.name);
  makeCacheDirectory(directory);
  return withFileLock(host, place.lock, `the cache file ${place.path}`, async () => {
    // It may have been removed by who had the lock before.
    makeCacheDirectory(directory);
    await rm(place.scratch, { recursive: true, force: true });
    try {
      return await use(await bringUpToDate(host, place, source, patience));
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
    throw new Failure(`can't make the cache directory ${directory}: ${reasonOf(error)}`, {
      hint: 'Choose another cache_dir.',
    });
  }
}

/** The commands that {@link withNetbootFile} would run. */
export function fetchCommands(directory: string, source: NetbootSource): Command[] {
  const { from } = source;
  return from.by === 'rsync' ? [rsyncCommand(cachePlace(directory, from.name), source, from)] : [];
}

async function bringUpToDate(
  host: Host,
  place: CachePlace,
  source: NetbootSource,
  patience: Patience,
): Promise<CachedFile> {
  const known = await trustedRecord(host, place, source);
  const arrival = await fetchFrom(host, place, source, known, patience);
  if (arrival === 'unchanged') {
    await dropPart(place);
    await expectContent(source, place.path);
    const { size } = await stat(place.path);
    const sha256 = known?.sha256 ?? (await sha256Of(host, place.path));
    return { path: place.path, outcome: 'unchanged', bodyBytes: 0, sha256, size };
  }
  const sha256 = await checkedSum(host, place, arrival.file, source);
  const { size, mtimeMs } = await stat(arrival.file);
  await rename(arrival.file, place.path);
  const { images } = (await recordAt(place.record)) ?? {};
  await writeRecord(place.record, { uri: source.from.shown, ...arrival.validators, size, mtimeMs, sha256, images });
  await dropPart(place);
  return { path: place.path, outcome: arrival.outcome, bodyBytes: arrival.bodyBytes, sha256, size };
}

/**
 * What the cache has of the source already. A file that somebody changed there, or that lacks a sum asked for, counts as
 * nothing: it is read again each time, for size and time are easily put back.
 */
async function trustedRecord(host: Host, place: CachePlace, source: NetbootSource): Promise<CacheRecord | undefined> {
  const record = await cachedRecord(place, source.from);
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
  host.log.info(`${source.option}: ${place.path} does not have the sum that ${other.by}; fetching it again`);
  return undefined;
}

async function fetchFrom(
  host: Host,
  place: CachePlace,
  source: NetbootSource,
  known: CacheRecord | undefined,
  patience: Patience,
): Promise<Arrival | 'unchanged'> {
  const { from } = source;
  switch (from.by) {
    case 'copy':
      return copy(host, place, source, from.path, known);
    case 'rsync':
      return rsync(host, place, source, from, known);
    case 'http': {
      const downloaded = await download(host, source, from.url, place, known, patience);
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
    throw fetchFailure(source, errnoOf(error) ? `${path}: ${reasonOf(error)}` : reasonOf(error), hintFor(error));
  }
}

type RsyncSource = Extract<Source, { by: 'rsync' }>;

function rsyncCommand(place: CachePlace, { maxBytes }: NetbootSource, { url, password }: RsyncSource): Command {
  const options = ['--no-motd', '--times', '--copy-links', `--timeout=${RSYNC_STALL_SECONDS}`];
  const limit = maxBytes === undefined ? [] : [`--max-size=${maxBytes}`];
  const args = [...options, ...limit, url, scratchFile(place)];
  return command('rsync', args, password === undefined ? {} : { env: { RSYNC_PASSWORD: password } });
}

async function rsync(
  host: Host,
  place: CachePlace,
  source: NetbootSource,
  from: RsyncSource,
  known: CacheRecord | undefined,
): Promise<Arrival | 'unchanged'> {
  const file = scratchFile(place);
  try {
    await mkdir(place.scratch);
    // rsync leaves a file alone that has the source's size and time, and replaces it, never writes into it, otherwise.
    // Without the link (another owner's file, a file system without links) it only has more to transfer.
    if (known) await link(place.path, file).catch(() => undefined);
    host.log.info(`${source.option}: asking ${from.url}`);
    await run(host, rsyncCommand(place, source, from));
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

/**
 * The sum of a file that has arrived.
 *
 * @throws Failure unless it is every sum asked for, and the file what it should be; then the download is dropped
 */
async function checkedSum(host: Host, place: CachePlace, file: string, source: NetbootSource): Promise<string> {
  try {
    const sha256 = await sha256Of(host, file);
    const other = sumsAskedFor(source).find((asked) => asked.sha256 !== sha256);
    if (other) throw wrongSum(source, sha256, other);
    await expectContent(source, file);
    return sha256;
  } catch (error) {
    if (error instanceof Failure) await dropPart(place);
    throw error;
  }
}

function wrongSum(source: NetbootSource, sha256: string, other: { sha256: string; by: string }): Failure {
  return fetchFailure(
    source,
    `its SHA-256 sum is ${sha256}, but ${other.by} ${other.sha256}`,
    other.sha256 === source.sha256?.toLowerCase()
      ? `If the mirror has a new release that you trust, set ${source.option}-sha256 to its sum.`
      : 'The file was modified in transit, or the mirror is being updated. Try again later, or use another mirror.',
  );
}

async function expectContent(source: NetbootSource, file: string): Promise<void> {
  if (source.content === undefined) return;
  const fault = await contentFault(source.content, file);
  if (fault === undefined) return;
  const hint =
    source.from.by === 'copy'
      ? `Check that the option '${source.option}' names the right file.`
      : `Check that '${source.option}' names the right file, and that no proxy or login page answers instead of the server.`;
  throw fetchFailure(source, fault, hint);
}
