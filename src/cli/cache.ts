import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';
import { silentLog } from '../host/log.js';
import { ReleaseStack } from '../host/release-stack.js';
import { cachedUrls, removeCachedUrl, type CachedUrl } from '../sources/cache-contents.js';
import { cacheDirectories, oldestTime, refuse, type CacheFlags } from './cache-flags.js';
import { cleanPackages, listPackages } from './cache-packages.js';
import { untilSignalled } from './signals.js';

/** Lists what the netboot caches hold, or removes it; or what is kept of packages. */
export async function cache(action: string, images: readonly string[], flags: CacheFlags): Promise<void> {
  if (action === 'list') return flags.packages ? listPackages(images, flags) : listCache(images, flags);
  if (action === 'clean') return flags.packages ? cleanPackages(images, flags) : cleanCache(images, flags);
  throw new UsageError([
    `cache ${action}: expected 'cache list' or 'cache clean'${didYouMean(action, ['list', 'clean'])}`,
  ]);
}

async function listCache(images: readonly string[], flags: CacheFlags): Promise<void> {
  refuse(flags, ['olderThan', 'dryRun'], 'cache clean');
  const found = (await contents(images, flags)).map(({ file }) => file);
  if (flags.json) {
    console.log(JSON.stringify(found, undefined, 2));
    return;
  }
  const rows = found.map(({ url, bytes, lastUsed, images: users }) => [
    size(bytes),
    day(lastUsed),
    users.join(',') || '-',
    url,
  ]);
  for (const row of columns(rows)) console.log(row);
  console.log(
    total(
      found.length,
      found.reduce((sum, { bytes }) => sum + bytes, 0),
    ),
  );
}

async function cleanCache(images: readonly string[], flags: CacheFlags): Promise<void> {
  refuse(flags, ['json'], 'cache list');
  const oldest = oldestTime(flags);
  const old = (await contents(images, flags)).filter(({ file }) => !oldest || file.lastUsed.getTime() <= oldest);
  let [files, freed] = [0, 0];
  await untilSignalled(async (signal) => {
    const host = { log: silentLog, signal, release: new ReleaseStack() };
    for (const { root, file } of old) {
      const removal = flags.dryRun
        ? wouldRemove(file, images)
        : await removeCachedUrl(host, root, file, images.length > 0 ? images : undefined);
      if (removal.was === 'in use') console.error(`kept: ${removal.why}`);
      if (removal.was !== 'removed') continue;
      console.log(`${flags.dryRun ? 'would remove' : 'removed'}: ${file.url}`);
      files += 1;
      freed += removal.bytes;
    }
  });
  console.log(`${flags.dryRun ? 'would free' : 'freed'}: ${total(files, freed)}`);
}

function wouldRemove(file: CachedUrl, images: readonly string[]) {
  const others = images.length > 0 && file.images.some((user) => !images.includes(user));
  return others ? ({ was: 'left to others' } as const) : ({ was: 'removed', bytes: file.bytes } as const);
}

/** What is in the caches, of these images or of all. */
async function contents(images: readonly string[], flags: CacheFlags): Promise<{ root: string; file: CachedUrl }[]> {
  const found: { root: string; file: CachedUrl }[] = [];
  for (const root of cacheDirectories(flags)) {
    for (const file of await cachedUrls(root)) {
      if (images.length === 0 || file.images.some((user) => images.includes(user))) found.push({ root, file });
    }
  }
  const users = new Set(found.flatMap(({ file }) => file.images));
  const unknown = images.filter((image) => !users.has(image));
  if (unknown.length > 0) console.error(`note: the cache has no files of ${unknown.join(', ')}`);
  return found;
}

function total(files: number, bytes: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}, ${size(bytes)}`;
}

function size(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Local time, to the minute. */
function day(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const days = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${days} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map(([bytes = '', used = '', users = '', url = '']) =>
    [bytes.padStart(widths[0] ?? 0), used, users.padEnd(widths[2] ?? 0), url].join('  '),
  );
}
