import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { systemFailure } from '../host/errno.js';
import type { Caller } from '../host/host.js';
import { linesOf } from './byte-lines.js';
import { readAttributes, type Attributes } from './extended-attributes.js';
import { FileHasher } from './file-hasher.js';
import { TextHash } from './text-hash.js';
import { entryOf, lineOf, type TreeEntry } from './tree-entry.js';
import { bytePath, walk, type FoundEntry } from './walk.js';

/** The first lines of a manifest: it is in the notation of mtree(5), and the version of what it says. */
const heading = '#mtree\n# image-factory: content of a layer, version 1\n';

/** Entries that wait for their digests: what they need of memory does not grow with the tree. */
const mostWaiting = 4096;

/** Milliseconds after which signals, timers and progress get their turn. */
const longestTurn = 50;

/** What a manifest says of a tree in all. */
export interface TreeContent {
  /** The content id: SHA-256 of the manifest, in hexadecimal. Trees with the same content have the same id everywhere. */
  readonly id: string;
  /** Its root included. */
  readonly entries: number;
  /** Of all files, in bytes, each counted once however many names it has. */
  readonly size: number;
  /** What the tree takes on the disk, in bytes, as du(1) counts it. */
  readonly space: number;
  /** The newest change of an entry, in whole seconds since 1970. */
  readonly newest: number;
}

/** What need not be read from a tree, as whoever made it knows it. */
export interface KnownContent {
  /** Files by their path: of these, no content is read. */
  readonly files: ReadonlyMap<string, { readonly size: number; readonly digest: string }>;
  /** Whether any entry may have extended attributes. */
  readonly hasAttributes: boolean;
}

/**
 * Writes the manifest of a tree to a file. As a layer is a directory that overlayfs reads, whiteouts and opaque
 * directories are parts of it. Times are not: unpacking the same files twice gives the same content.
 *
 * It reads with the rights of this process. An ordinary user's layers have files of subordinate ids, which it can read
 * only in a user namespace.
 *
 * @param what the tree's name, for progress
 * @param known what is not to be read again
 * @throws Failure for an entry that can't be read
 */
export async function writeManifest(
  host: Caller,
  directory: string,
  file: string,
  what = directory,
  known?: KnownContent,
): Promise<TreeContent> {
  return summarized(hashedEntries(host, directory, what, known), (text) =>
    pipeline(text, createWriteStream(file, 'latin1')),
  );
}

/** The content id of a tree and its size, without keeping its manifest. See {@link writeManifest}. */
export async function contentOf(host: Caller, directory: string, what = directory): Promise<TreeContent> {
  return summarized(hashedEntries(host, directory, what), async (text) => {
    for await (const chunk of text) void chunk;
  });
}

/** The entries of a manifest that {@link writeManifest} wrote. */
export async function* readManifest(file: string): AsyncGenerator<TreeEntry> {
  for await (const line of linesOf(file)) if (!line.startsWith('#')) yield entryOf(line);
}

/** The entries of a tree with the digests of its files, in the order of a manifest. See {@link writeManifest}. */
export async function* manifestOf(host: Caller, directory: string, what = directory): AsyncGenerator<TreeEntry> {
  for await (const { entry } of hashedEntries(host, directory, what)) yield entry;
}

/** The content id of entries that come one after the other, in the order of a manifest. */
export class ContentHash {
  readonly #hash = new TextHash();

  constructor() {
    this.#hash.update(heading);
  }

  /** @returns the line of the entry, which its manifest has */
  add(entry: TreeEntry): string {
    const line = `${lineOf(entry)}\n`;
    this.#hash.update(line);
    return line;
  }

  /** In hexadecimal; to be called once. */
  id(): string {
    return this.#hash.digest();
  }
}

async function summarized(
  entries: AsyncIterable<FoundEntry>,
  take: (text: AsyncIterable<string>) => Promise<void>,
): Promise<TreeContent> {
  const content = new ContentHash();
  const sum = { entries: 0, size: 0, space: 0, newest: 0 };
  async function* text(): AsyncGenerator<string> {
    let chunk = heading;
    for await (const { entry, space, modified } of entries) {
      const line = content.add(entry);
      sum.entries++;
      if (entry.hardLink === undefined) sum.size += entry.size ?? 0;
      sum.space += space;
      sum.newest = Math.max(sum.newest, Math.floor(modified));
      chunk += line;
      if (chunk.length < 65536) continue;
      yield chunk;
      chunk = '';
    }
    yield chunk;
  }
  await take(text());
  return { id: content.id(), ...sum };
}

async function* hashedEntries(
  host: Caller,
  directory: string,
  what: string,
  known: KnownContent = { files: new Map(), hasAttributes: true },
): AsyncGenerator<FoundEntry> {
  const hasher = new FileHasher();
  const waiting: (FoundEntry & { digest?: Promise<string> })[] = [];
  /** Digests of files with several names: they are read once. */
  const digests = new Map<string, string>();
  let started = performance.now();
  let bytes = 0;
  async function* settled(count: number): AsyncGenerator<FoundEntry> {
    for (const { digest, ...found } of waiting.splice(0, count)) {
      const { entry } = found;
      const sum = entry.hardLink === undefined ? await digest : digests.get(entry.hardLink);
      host.signal.throwIfAborted();
      if (sum === undefined) yield found;
      else {
        if (found.names > 1) digests.set(entry.path, sum);
        yield { ...found, entry: { ...entry, digest: sum } };
      }
    }
  }
  try {
    host.log.progress({ text: `Reading ${what}` });
    const attributes: Attributes = known.hasAttributes ? await readAttributes(host, directory) : new Map();
    for (const found of walk(directory, attributes)) {
      const { entry } = found;
      const size = entry.hardLink === undefined ? (entry.size ?? 0) : 0;
      if (entry.type === 'file' && entry.hardLink === undefined) {
        const before = known.files.get(entry.path);
        const digest =
          before?.size === size
            ? Promise.resolve(before.digest)
            : hasher.digest(bytePath(directory, entry.path), size).catch((error: unknown) => {
                // That of read(2) has no path.
                throw error instanceof Error ? Object.assign(error, { path: join(directory, entry.path) }) : error;
              });
        // An error is thrown where its turn has come; it may never have one if another is thrown before.
        digest.catch(() => undefined);
        waiting.push({ ...found, digest });
      } else waiting.push(found);
      bytes += size;
      if (performance.now() - started > longestTurn) {
        host.log.progress({ text: `Reading ${what}: ${Math.floor(bytes / 2 ** 20)} MiB` });
        await letOthersRun();
        host.signal.throwIfAborted();
        started = performance.now();
      }
      if (waiting.length >= mostWaiting || hasher.isFull) yield* settled(Math.ceil(waiting.length / 2));
    }
    yield* settled(waiting.length);
  } catch (error) {
    throw systemFailure(error) ?? error;
  }
}
