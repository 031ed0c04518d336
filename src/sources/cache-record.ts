import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '../config/source.js';

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
  /** Beside the directory, so that who holds it may remove that. */
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
    lock: `${directory}.lock`,
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
  /** The images that used it, in order of their names. */
  readonly images?: readonly string[] | undefined;
}

/** @returns undefined without a readable record, and where it tells of another URI */
export async function readRecord(path: string, from: Source): Promise<CacheRecord | undefined> {
  const record = await recordAt(path);
  return record?.uri === from.shown ? record : undefined;
}

/** @returns undefined without a readable record */
export async function recordAt(path: string): Promise<CacheRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as CacheRecord | null;
    return typeof record?.uri === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

export async function writeRecord(path: string, record: CacheRecord): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** What the cache holds of a URI: the record of its file, if that file is as it was written. */
export async function cachedRecord(place: CachePlace, from: Source): Promise<CacheRecord | undefined> {
  const record = await readRecord(place.record, from);
  const file = await stat(place.path).catch(() => undefined);
  return record && file && record.size === file.size && record.mtimeMs === file.mtimeMs ? record : undefined;
}

export async function dropPart(place: CachePlace): Promise<void> {
  await rm(place.part, { force: true });
  await rm(place.partRecord, { force: true });
}

/** Notes that an image uses a cached file now: the record's time tells when it was last used. */
export async function noteUse(place: CachePlace, image: string): Promise<void> {
  const record = await recordAt(place.record);
  if (record === undefined) return;
  const images = [...new Set([...(record.images ?? []), image])].sort();
  if (images.length !== record.images?.length) await writeRecord(place.record, { ...record, images });
  const now = new Date();
  await utimes(place.record, now, now);
}
