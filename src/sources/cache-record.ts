import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { maskUrls } from '../host/mask.js';

/** The files that belong to one cached file; all but the first are hidden beside it. */
export interface CachePlace {
  /** Whole and checked, or absent. */
  readonly path: string;
  readonly record: string;
  /** A broken download, and the record of what it is a part of. */
  readonly part: string;
  readonly partRecord: string;
  /** A directory for what can't be resumed. */
  readonly scratch: string;
  readonly lock: string;
}

export function cachePlace(directory: string, name: string): CachePlace {
  const hidden = (suffix: string) => join(directory, `.${name}.${suffix}`);
  return {
    path: join(directory, name),
    record: hidden('meta'),
    part: hidden('part'),
    partRecord: hidden('part.meta'),
    scratch: hidden('new'),
    lock: hidden('lock'),
  };
}

/** How a source can be asked whether a file is still the same there (RFC 9110, section 8.8). */
export interface Validators {
  readonly etag?: string | undefined;
  /** As the server wrote it. */
  readonly lastModified?: string | undefined;
  /** Whether `lastModified` may be used to continue a transfer: RFC 9110, section 8.8.2.2. */
  readonly lastModifiedIsStrong?: boolean | undefined;
  /** Of a local source, in milliseconds since 1970. */
  readonly sourceMtimeMs?: number | undefined;
}

/** What is remembered of a file in the cache. */
export interface CacheRecord extends Validators {
  /** Where it came from, passwords masked. */
  readonly uri: string;
  /** Of the whole file, in bytes. */
  readonly size?: number | undefined;
  /** Of the cached file, in milliseconds since 1970. */
  readonly mtimeMs?: number | undefined;
  /** Of the cached file. */
  readonly sha256?: string | undefined;
}

/** @returns undefined without a readable record, and where it tells of another URI */
export async function readRecord(path: string, uri: string): Promise<CacheRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as CacheRecord | null;
    return record?.uri === maskUrls(uri) ? record : undefined;
  } catch {
    return undefined;
  }
}

export async function writeRecord(path: string, record: CacheRecord): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify({ ...record, uri: maskUrls(record.uri) }, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** What the cache holds of a URI: the record of its file, if that file is as it was written. */
export async function cachedRecord(place: CachePlace, uri: string): Promise<CacheRecord | undefined> {
  const record = await readRecord(place.record, uri);
  const file = await stat(place.path).catch(() => undefined);
  return record && file && record.size === file.size && record.mtimeMs === file.mtimeMs ? record : undefined;
}

export async function dropPart(place: CachePlace): Promise<void> {
  await rm(place.part, { force: true });
  await rm(place.partRecord, { force: true });
}
