import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { claimLock } from '../host/file-lock.js';
import type { Host } from '../host/host.js';
import { urlDirectories } from './cache-directory.js';
import { cachePlace, recordAt, writeRecord, type CachePlace } from './cache-record.js';

/** A file in the netboot cache, or the beginning of one. */
export interface CachedUrl {
  /** Without passwords and tokens. */
  readonly url: string;
  readonly path: string;
  /** All that it takes: a broken download as well. */
  readonly bytes: number;
  readonly lastUsed: Date;
  /** The images that used it. */
  readonly images: readonly string[];
}

/** What a netboot cache holds, the file that was used last first. */
export async function cachedUrls(root: string): Promise<CachedUrl[]> {
  const directory = join(root, urlDirectories);
  const names = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const found: CachedUrl[] = [];
  for (const entry of names.filter((candidate) => candidate.isDirectory())) {
    const url = await cachedUrl(join(directory, entry.name));
    if (url !== undefined) found.push(url);
  }
  return found.sort((one, other) => other.lastUsed.getTime() - one.lastUsed.getTime());
}

/** How a request to remove ended. */
export type Removal =
  | { readonly was: 'removed'; readonly bytes: number }
  /** Other images use it: it is no longer one of these images' files. */
  | { readonly was: 'left to others' }
  | { readonly was: 'in use'; readonly why: string };

/**
 * Removes a file from the cache, with the links of the images that used it. What a build works with stays: that build
 * has the lock of the file while it is fetched, and a link of its own afterwards.
 *
 * @param images only these images give it up (default: all)
 */
export async function removeCachedUrl(
  host: Host,
  root: string,
  { path, bytes, images: users }: CachedUrl,
  images: readonly string[] = users,
): Promise<Removal> {
  const directory = join(path, '..');
  const place = cachePlace(directory, path.slice(directory.length + 1));
  try {
    const giveBack = await claimLock(host, place.lock, `the cache file ${path}`);
    try {
      return await removeLocked(root, place, bytes, users, images);
    } finally {
      await giveBack();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { was: 'in use', why: error.message };
  }
}

async function removeLocked(
  root: string,
  place: CachePlace,
  bytes: number,
  users: readonly string[],
  images: readonly string[],
): Promise<Removal> {
  const name = place.path.slice(join(place.path, '..').length + 1);
  for (const image of users.filter((user) => images.includes(user))) await removeLink(root, image, name, place.path);
  const others = users.filter((user) => !images.includes(user));
  if (others.length > 0) {
    const record = await recordAt(place.record);
    if (record !== undefined) await writeRecord(place.record, { ...record, images: others });
    return { was: 'left to others' };
  }
  await rm(join(place.path, '..'), { recursive: true, force: true });
  return { was: 'removed', bytes };
}

/** A link to another file, or a file of the user's, has that name by chance. */
async function removeLink(root: string, image: string, name: string, to: string): Promise<void> {
  const directory = join(root, image);
  const [link, file] = await Promise.all([join(directory, name), to].map((path) => stat(path).catch(() => undefined)));
  if (link === undefined || file === undefined || link.size !== file.size || link.mtimeMs !== file.mtimeMs) return;
  await rm(join(directory, name), { force: true });
  // Only where nothing else is in it.
  await rmdir(directory).catch(() => undefined);
}

/** undefined where a directory has no record of a file, or of a part of one */
async function cachedUrl(directory: string): Promise<CachedUrl | undefined> {
  const names = await readdir(directory);
  const record =
    names.find((name) => /^\..+(?<!\.part)\.meta$/.test(name)) ?? names.find((name) => /^\..+\.part\.meta$/.test(name));
  const name = record && /^\.(.+?)(?:\.part)?\.meta$/.exec(record)?.[1];
  const known = record && (await recordAt(join(directory, record)));
  if (!record || !name || !known) return undefined;
  const sizes = await Promise.all(
    names.map(async (each) => (await stat(join(directory, each)).catch(() => undefined))?.size ?? 0),
  );
  return {
    url: known.uri,
    path: join(directory, name),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    lastUsed: (await stat(join(directory, record))).mtime,
    images: known.images ?? [],
  };
}
