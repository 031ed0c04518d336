import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../host/make-directory.js';
import { pathInTree } from './tree-path.js';

// apt fetches the Release file of a suite only if the mirror has a newer one, and then only those lists of packages whose
// sums in it have changed: so a tree that has the lists of an earlier build fetches little. apt checks the signature of a
// Release file each time, but not the sum of a list that it finds in the tree.

/** Where apt keeps its lists, in the tree. */
const place = '/var/lib/apt/lists';

/** How the name of a suite's signed Release file ends; the names of its lists begin with what is before. */
const signed = 'InRelease';

/** What is known of the packages that builds share. */
export interface KnownPackages {
  /** The SHA-256 of each package in the lists that were lent. */
  readonly lent: Set<string>;
  /** Of each package in the lists that were kept, and do not count in this tree. */
  readonly others: Set<string>;
  /** Whether a package that is in none of these lists is superseded. */
  readonly areAll: boolean;
}

/**
 * Milliseconds. Lists that were changed before are whole: a build puts them there, or forgets them, within moments, and
 * others put theirs back soon.
 */
const settlingTime = 15 * 60 * 1000;

/**
 * Puts the lists that {@link keepLists} kept into a tree that has none: those that have the sums of their Release file, so
 * that nothing which an earlier tree did to them counts.
 *
 * @param shared the directory of one kind of distribution in the cache; it need not exist
 */
export async function lendLists(shared: string, root: string): Promise<KnownPackages> {
  const [lent, others] = [new Set<string>(), new Set<string>()];
  const directory = await pathInTree(root, place);
  const there = await readdir(directory).catch(() => [signed]);
  if (there.some((name) => name.endsWith(signed))) return { lent, others, areAll: false };
  const all = await readdir(shared).catch(() => []);
  const names = all.filter((name) => !there.includes(name));
  const left = new Set(all);
  for (const name of names.filter((each) => each.endsWith(`_${signed}`))) {
    const release = await readList(join(shared, name));
    if (release === undefined) continue;
    const sums = sumsIn(release.content.toString());
    await writeList(join(directory, name), release);
    left.delete(name);
    const suite = name.slice(0, -signed.length);
    for (const other of names.filter((each) => each.startsWith(suite) && each !== name)) {
      const list = await readList(join(shared, other));
      if (list === undefined || sums.get(other.slice(suite.length)) !== sha256(list.content)) continue;
      await writeList(join(directory, other), list);
      left.delete(other);
      for (const sum of packagesIn(list.content)) lent.add(sum);
    }
  }
  // Such as those of another architecture, whose Release file this one's build has replaced.
  let areRead = true;
  for (const name of left) {
    const list = await readList(join(shared, name));
    if (list === undefined) areRead = false;
    else for (const sum of packagesIn(list.content)) others.add(sum);
  }
  return { lent, others, areAll: areRead && (await isSettled(shared)) };
}

async function isSettled(shared: string): Promise<boolean> {
  const status = await stat(shared).catch(() => undefined);
  return status !== undefined && Date.now() - status.mtimeMs > settlingTime;
}

/**
 * Keeps the lists of a tree for builds after it.
 *
 * @param work a directory in the same file system, for a list that is not written to its end
 */
export async function keepLists(shared: string, root: string, work: string): Promise<void> {
  const directory = await pathInTree(root, place);
  makeDirectory(shared);
  for (const name of await readdir(directory).catch(() => [])) {
    // Not apt's lock, and not its directories.
    if (!name.includes('_')) continue;
    const kept = await stat(join(shared, name)).catch(() => undefined);
    const { size, mtimeMs } = await lstat(join(directory, name));
    if (kept?.size === size && Math.abs(kept.mtimeMs - mtimeMs) < 1) continue;
    const list = await readList(join(directory, name));
    if (list === undefined) continue;
    await writeList(join(work, name), list);
    await rename(join(work, name), join(shared, name));
  }
}

/** Removes the lists that were kept. Their directory stays: another build may be putting its own into it. */
export async function forgetLists(shared: string): Promise<void> {
  for (const name of await readdir(shared).catch(() => [])) await rm(join(shared, name), { force: true });
}

interface List {
  readonly content: Buffer;
  /** apt asks for what is newer. */
  readonly modified: Date;
}

/** @returns undefined for what is no plain file */
async function readList(path: string): Promise<List | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const status = await file.stat();
    return status.isFile() ? { content: await file.readFile(), modified: status.mtime } : undefined;
  } finally {
    await file.close();
  }
}

async function writeList(path: string, { content, modified }: List): Promise<void> {
  // A tree may have a symbolic link there, which leads anywhere.
  await writeFile(path, content, { mode: 0o644, flag: 'wx' });
  await utimes(path, modified, modified);
}

/** The SHA-256 of each list that a Release file names, by the list's name in the directory of lists. */
function sumsIn(release: string): Map<string, string> {
  const [, section = ''] = /^SHA256:\n((?: .*\n)+)/m.exec(release) ?? [];
  const entries = [...section.matchAll(/^ ([0-9a-f]{64}) +\d+ (\S+)$/gm)];
  // As apt's URItoFileName makes a name of a path.
  return new Map(entries.map(([, sum = '', path = '']) => [path.replaceAll('_', '%5f').replaceAll('/', '_'), sum]));
}

/** The SHA-256 of each package of a list. A list has 60 MB, in which this is faster than a pattern. */
function* packagesIn(list: Buffer): Generator<string> {
  const field = '\nSHA256: ';
  for (let at = list.indexOf(field); at !== -1; at = list.indexOf(field, at + field.length)) {
    const start = at + field.length;
    yield list.toString('latin1', start, start + 64);
  }
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
