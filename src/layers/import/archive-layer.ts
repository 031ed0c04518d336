import { createHash } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../host/failure.js';
import { command, run, type Caller } from '../../host/host.js';
import { removeTree, type Store } from '../store.js';
import { ArchiveGuard } from './archive-guard.js';
import type { ArchiveLimits } from './archive-limits.js';
import { decompressed } from './compression.js';
import { settle } from './settle.js';
import { unpack, type Unpacking } from './unpack.js';

/** An archive that becomes a layer's tree. */
export interface LayerArchive {
  /** For messages and progress. */
  readonly what: string;
  /** Its bytes, compressed or not. */
  open(): AsyncIterable<Uint8Array>;
  /** A file of the same bytes, which are not compressed: tar reads it faster itself. */
  readonly plainFile?: string;
  /** The SHA-256 of its bytes, if it is known; in hexadecimal. */
  readonly digest?: string;
  /** The SHA-256 of its bytes when decompressed, if it is known. */
  readonly diffId?: string;
}

/**
 * Unpacks an archive into a directory, which becomes what overlayfs reads as a layer.
 *
 * @param lower the trees of the layers below, the topmost first
 * @returns the SHA-256 of the decompressed archive, in hexadecimal, if it was read here
 * @throws Failure for a damaged or hostile archive; the directory is then to be removed
 */
export async function unpackLayer(
  store: Store,
  archive: LayerArchive,
  { directory, lower, limits }: { directory: string; lower: readonly string[]; limits: ArchiveLimits },
): Promise<{ readonly diffId?: string }> {
  const { what } = archive;
  const { dialect } = store;
  let guard = new ArchiveGuard(what, dialect, limits);
  let found = await unpackOnce(store, archive, { directory, guard, what, lists: 'attributes' }, limits);
  if (found.lists === 'text') {
    // Seldom: what is known only now would have had to be known before.
    await empty(store, directory);
    guard = new ArchiveGuard(what, dialect, limits);
    found = await unpackOnce(store, archive, { directory, guard, what, lists: 'text' }, limits);
  }
  await settle(store.host, { directory, dialect, lower, what }, guard.notes());
  return found;
}

async function unpackOnce(
  { host }: Store,
  archive: LayerArchive,
  unpacking: Unpacking,
  limits: ArchiveLimits,
): Promise<{ diffId?: string; lists: Unpacking['lists'] }> {
  const { what, plainFile } = archive;
  if (plainFile !== undefined) {
    const [lists] = await Promise.all([listsIn(host, plainFile), unpack(host, plainFile, unpacking)]);
    return { lists };
  }
  const digest = createHash('sha256');
  const diffId = createHash('sha256');
  const lists = new ListSearch();
  const source = archive.digest === undefined ? archive.open() : hashed(archive.open(), digest);
  await pipeline(
    source,
    (bytes: AsyncIterable<Uint8Array>) => decompressed(host, bytes, { what, limits }),
    (bytes: AsyncIterable<Uint8Array>) => hashed(bytes, diffId, (chunk) => lists.look(chunk)),
    (bytes: AsyncIterable<Uint8Array>) => unpack(host, bytes, unpacking),
  );
  if (archive.digest !== undefined) expectSame(what, 'its bytes', archive.digest, digest.digest('hex'));
  const found = diffId.digest('hex');
  if (archive.diffId !== undefined) expectSame(what, 'its content', archive.diffId, found);
  return { diffId: found, lists: lists.kind };
}

const listWords = { text: 'SCHILY.acl.', attributes: 'SCHILY.xattr.system.posix_acl_' };

/** How an archive in a file has access control lists. */
async function listsIn(host: Caller, file: string): Promise<Unpacking['lists']> {
  const has = async (word: string) => {
    const search = command('grep', ['--quiet', '--text', '--fixed-strings', '-e', word, '--', file]);
    return (await run(host, search, { accept: [0, 1] })).exitCode === 0;
  };
  return (await has(listWords.text)) && !(await has(listWords.attributes)) ? 'text' : 'attributes';
}

/** Looks for how an archive has access control lists. */
class ListSearch {
  readonly #words = { text: Buffer.from(listWords.text), attributes: Buffer.from(listWords.attributes) };
  readonly #seen = { text: false, attributes: false };
  #rest = Buffer.alloc(0);

  look(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // A word may begin at the end of the chunk before.
    const seam = Buffer.concat([this.#rest, bytes.subarray(0, 64)]);
    for (const word of ['text', 'attributes'] as const) {
      this.#seen[word] ||= bytes.includes(this.#words[word]) || seam.includes(this.#words[word]);
    }
    this.#rest = Buffer.from(bytes.subarray(-64));
  }

  get kind(): Unpacking['lists'] {
    return this.#seen.text && !this.#seen.attributes ? 'text' : 'attributes';
  }
}

/** Begins again. */
async function empty(store: Store, directory: string): Promise<void> {
  await removeTree(store, directory);
  await mkdir(directory);
  await chmod(directory, 0o755);
}

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
  look?: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    hash.update(chunk);
    look?.(chunk);
    yield chunk;
  }
}

function expectSame(what: string, which: string, wanted: string, found: string): void {
  if (wanted === found) return;
  throw new Failure(`${what} is damaged: the SHA-256 of ${which} should be ${wanted}, and is ${found}`, {
    hint: 'Fetch or export it again.',
  });
}
