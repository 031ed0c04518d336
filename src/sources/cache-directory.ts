import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Source } from '../config/source.js';
import { cachedRecord, cachePlace, dropPart, noteUse, writeRecord } from './cache-record.js';
import { linkFile } from './linked-file.js';

/**
 * The netboot cache as an image sees it. A file is kept once for all images that name its URL, in a directory of its own;
 * under its name in the image's directory there is a link to it.
 */
export interface NetbootCache {
  /** `cache_dir`. */
  readonly root: string;
  readonly image: string;
}

/** Image names don't begin with a dot. */
export const urlDirectories = '.urls';

/** Where the cache keeps a source's file. */
export function directoryOf({ root }: NetbootCache, { key }: Source): string {
  return join(root, urlDirectories, createHash('sha256').update(key).digest('hex').slice(0, 32));
}

/** The image's own directory: links to the files, and what checks of signatures leave meanwhile. */
export function imageDirectory({ root, image }: NetbootCache): string {
  return join(root, image);
}

/** Takes over the file of a cache of image-factory 2.0, which kept it in the image's directory with its record. */
export async function adoptOlder(cache: NetbootCache, from: Source): Promise<void> {
  const directory = directoryOf(cache, from);
  const older = cachePlace(imageDirectory(cache), from.name);
  if (existsSync(directory)) return;
  const record = await cachedRecord(older, from);
  if (record === undefined) return;
  const place = cachePlace(directory, from.name);
  await mkdir(directory, { recursive: true });
  await linkFile(older.path, place.path);
  await writeRecord(place.record, record);
  await rm(older.record, { force: true });
  await dropPart(older);
}

/** Notes that the image uses a cached file, and links it into the image's directory under its plain name. */
export async function linkForImage(cache: NetbootCache, path: string, name: string): Promise<void> {
  await noteUse(cachePlace(dirname(path), name), cache.image);
  await mkdir(imageDirectory(cache), { recursive: true });
  await linkFile(path, join(imageDirectory(cache), name));
}
