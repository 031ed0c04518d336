import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Configuration } from '../config/configuration.js';
import { lockDirectories } from '../config/lock-path.js';
import { reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import { packageCache, type PackageCache } from '../packages/package-cache.js';
import { lockedSums, pooledFiles, removePooled, type PooledFile } from '../packages/pool-contents.js';
import { keptDownloads, removeDownload, type KindOfDownloads } from '../sandbox/kept-downloads.js';
import { cacheDirectories, configuredCaches, oldestTime, refuse, type CacheFlags } from './cache-flags.js';
import { columns, localTime, spokenSize } from './tables.js';

/** Milliseconds. What was needed since may be what a running build is about to use. */
const day = 24 * 60 * 60 * 1000;

/** What is kept of packages in one cache. */
interface KeptPackages {
  readonly cache: PackageCache;
  readonly kinds: readonly KindOfDownloads[];
  readonly pool: readonly PooledFile[];
  /** Those of the pool that no lock names; undefined where nothing says which locks count. */
  readonly unlocked: readonly PooledFile[] | undefined;
}

/** A line of the list, and an object of it in JSON. */
interface ListedPackages {
  /** A kind of distribution, such as `debian-13`; `pool` or `indexes`. */
  readonly kind: string;
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
  readonly lastUsed?: Date;
  readonly unlocked?: { readonly files: number; readonly bytes: number };
}

/** Lists what is kept of packages. */
export async function listPackages(images: readonly string[], flags: CacheFlags): Promise<void> {
  refuse(flags, ['olderThan', 'dryRun'], 'cache clean');
  refuseImages(images);
  const listed: ListedPackages[] = [];
  for (const kept of await keptPackages(flags)) listed.push(...(await linesOf(kept)));
  if (flags.json) {
    console.log(JSON.stringify(listed, undefined, 2));
    return;
  }
  const rows = listed.map(({ kind, directory, files, bytes, lastUsed, unlocked }) => [
    ...[kind, counted(files), spokenSize(bytes), lastUsed ? localTime(lastUsed.toISOString()).slice(0, 16) : '-'],
    unlocked === undefined ? '-' : `${counted(unlocked.files)}, ${spokenSize(unlocked.bytes)} in no lock`,
    directory,
  ]);
  for (const row of columns(rows, [1, 2])) console.log(row);
  console.log(sum(listed));
}

/**
 * Removes what is kept of packages, and can be had again: what builds share of their downloads, and files of the pool that
 * no lock names. The indexes stay: they are few, and are written over.
 */
export async function cleanPackages(images: readonly string[], flags: CacheFlags): Promise<void> {
  refuse(flags, ['json'], 'cache list');
  refuseImages(images);
  const oldest = oldestTime(flags);
  const removed: { files: number; bytes: number }[] = [];
  const clean = async <T extends Removable>(what: string, files: readonly T[], remove: (file: T) => unknown) => {
    const gone = flags.dryRun ? files : await removeAll(files, remove);
    if (gone.length === 0) return;
    const all = { files: gone.length, bytes: bytesOf(gone) };
    console.log(`${flags.dryRun ? 'would remove' : 'removed'}: ${sum([all])} of ${what}`);
    removed.push(all);
  };
  for (const { cache, kinds, pool, unlocked } of await keptPackages(flags)) {
    for (const { directory, files } of kinds) {
      const old = files.filter(({ time }) => oldest === undefined || time.getTime() <= oldest);
      await clean(directory, old, removeDownload);
    }
    if (unlocked === undefined && pool.length > 0) {
      console.error(
        `note: ${cache.pool} is left as it is: no configuration says which of its packages are locked; give --config`,
      );
    }
    const before = oldest ?? Date.now() - day;
    const old = (unlocked ?? []).filter(({ lastUsed }) => lastUsed.getTime() <= before);
    await clean(cache.pool, old, removePooled);
  }
  console.log(`${flags.dryRun ? 'would free' : 'freed'}: ${sum(removed)}`);
}

function refuseImages(images: readonly string[]): void {
  if (images.length === 0) return;
  throw new UsageError([`--packages: packages are not kept by image: leave ${images.join(' ')} out`]);
}

interface Removable {
  readonly path: string;
  readonly bytes: number;
}

/** @param remove comes to false where the file is to stay @returns those that are gone; why others are not is told */
async function removeAll<T extends Removable>(files: readonly T[], remove: (file: T) => unknown): Promise<T[]> {
  const gone: T[] = [];
  for (const file of files) {
    try {
      if ((await remove(file)) !== false) gone.push(file);
    } catch (error) {
      console.error(`kept: ${file.path}: ${reasonOf(error)}`);
    }
  }
  return gone;
}

async function keptPackages(flags: CacheFlags): Promise<KeptPackages[]> {
  const configuration = Configuration.load(flags.config);
  const found: KeptPackages[] = [];
  let sums: Promise<Set<string>> | undefined;
  for (const root of cacheDirectories(flags, () => configuration)) {
    const cache = packageCache(root);
    const pool = await pooledFiles(cache.pool);
    const locked = areLocksOf(configuration, root, flags)
      ? await (sums ??= lockedSums(lockDirectories(configuration)))
      : undefined;
    found.push({
      cache,
      kinds: [
        ...(await keptDownloads(cache.directory, ['pool', 'apt', 'dnf', 'elements'])),
        // What the elements keep there themselves is theirs.
        ...(await keptDownloads(join(cache.directory, 'elements'), [])),
      ],
      pool,
      unlocked: locked && pool.filter(({ sha256 }) => !locked.has(sha256)),
    });
  }
  return found;
}

/** Whether the package locks beside the configuration are those of a cache: it is used there, or named beside it. */
function areLocksOf(configuration: Configuration, root: string, { config, cacheDir }: CacheFlags): boolean {
  if (configuration.userFiles.length === 0) return false;
  const isNamed = (config ?? process.env.IMAGE_FACTORY_CONFIG) !== undefined;
  return cacheDir === undefined || isNamed || configuredCaches(configuration).includes(root);
}

async function linesOf({ cache, kinds, pool, unlocked }: KeptPackages): Promise<ListedPackages[]> {
  const all = kinds.map(({ kind, directory, files, lastUsed }) => ({
    ...{ kind, directory, files: files.length, bytes: bytesOf(files), lastUsed },
  }));
  const used = new Date(pool.reduce((last, { lastUsed }) => Math.max(last, lastUsed.getTime()), 0));
  const indexes = [...(await filesBelow(cache.apt)), ...(await filesBelow(cache.dnf))];
  return [
    ...all,
    ...(pool.length === 0
      ? []
      : [
          {
            ...{ kind: 'pool', directory: cache.pool, files: pool.length, bytes: bytesOf(pool), lastUsed: used },
            ...(unlocked && { unlocked: { files: unlocked.length, bytes: bytesOf(unlocked) } }),
          },
        ]),
    ...(indexes.length === 0
      ? []
      : [{ kind: 'indexes', directory: cache.directory, files: indexes.length, bytes: bytesOf(indexes) }]),
  ];
}

async function filesBelow(directory: string): Promise<Removable[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.map((path, at) => ({ path, bytes: sizes[at]?.size ?? 0 }));
}

function bytesOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((all, { bytes }) => all + bytes, 0);
}

function counted(files: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}`;
}

function sum(parts: readonly { readonly files: number; readonly bytes: number }[]): string {
  const files = parts.reduce((all, part) => all + part.files, 0);
  return `${counted(files)}, ${spokenSize(bytesOf(parts))}`;
}
