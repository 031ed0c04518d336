import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../host/failure.js';
import { piecesOf } from '../file-pieces.js';
import type { KnownContent } from '../manifest.js';
import { removeTrees, type Store } from '../store.js';
import type { ListKind } from './access-lists.js';
import { ArchiveGuard } from './archive-guard.js';
import type { ArchiveLimits } from './archive-limits.js';
import { ArchiveReader } from './archive-reader.js';
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

/** What is known of a tree that was unpacked. */
export interface Unpacked extends KnownContent {
  /** The SHA-256 of the decompressed archive, in hexadecimal, if it was read here. */
  readonly diffId?: string;
}

/**
 * Unpacks an archive into a directory, which becomes what overlayfs reads as a layer.
 *
 * @param lower the trees of the layers below, the topmost first
 * @throws Failure for a damaged or hostile archive; the directory is then to be removed
 */
export async function unpackLayer(
  store: Store,
  archive: LayerArchive,
  { directory, lower, limits }: { directory: string; lower: readonly string[]; limits: ArchiveLimits },
): Promise<Unpacked> {
  const { what } = archive;
  const { dialect } = store;
  const once = (lists: ListKind): Once => {
    const [guard, reader] = [new ArchiveGuard(what, dialect, limits), new ArchiveReader()];
    return { directory, guard, reader, what, lists, limits };
  };
  let unpacking = once('attributes');
  let found = await unpackOnce(store, archive, unpacking);
  if (unpacking.reader.lists === 'text') {
    // Seldom: what is known only now would have had to be known before.
    await empty(store, directory);
    unpacking = once('text');
    found = await unpackOnce(store, archive, unpacking);
  }
  const { hasAttributes } = await settle(store.host, { directory, dialect, lower, what }, unpacking.guard.notes());
  return { ...found, files: unpacking.reader.files(), hasAttributes };
}

type Once = Unpacking & { readonly reader: ArchiveReader; readonly limits: ArchiveLimits };

async function unpackOnce({ host }: Store, archive: LayerArchive, unpacking: Once): Promise<Pick<Unpacked, 'diffId'>> {
  const { what, plainFile } = archive;
  const { reader, limits } = unpacking;
  if (plainFile !== undefined) {
    // tar reads the file itself, at the same time: from a pipe, it would take longer.
    const failed = new AbortController();
    const unpacked = unpack(host, plainFile, unpacking).catch((error: unknown) => failed.abort(error));
    const [, read] = await Promise.allSettled([unpacked, readAlong(plainFile, reader, failed.signal)]);
    failed.signal.throwIfAborted();
    if (read.status === 'rejected') throw read.reason;
    return {};
  }
  const digest = createHash('sha256');
  const diffId = createHash('sha256');
  const source = archive.digest === undefined ? archive.open() : hashed(archive.open(), digest);
  await pipeline(
    source,
    (bytes: AsyncIterable<Uint8Array>) => decompressed(host, bytes, { what, limits }),
    (bytes: AsyncIterable<Uint8Array>) => hashed(bytes, diffId, (chunk) => reader.write(chunk)),
    (bytes: AsyncIterable<Uint8Array>) => unpack(host, bytes, unpacking),
  );
  if (archive.digest !== undefined) expectSame(what, 'its bytes', archive.digest, digest.digest('hex'));
  const found = diffId.digest('hex');
  if (archive.diffId !== undefined) expectSame(what, 'its content', archive.diffId, found);
  return { diffId: found };
}

async function readAlong(file: string, reader: ArchiveReader, end: AbortSignal): Promise<void> {
  for await (const chunk of piecesOf(file, constants.O_RDONLY)) {
    if (end.aborted) return;
    reader.write(chunk);
  }
}

/** Begins again. */
async function empty(store: Store, directory: string): Promise<void> {
  await removeTrees(store, directory);
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
