import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../host/failure.js';
import type { Store } from '../store.js';
import { ArchiveGuard } from './archive-guard.js';
import type { ArchiveLimits } from './archive-limits.js';
import { decompressed } from './compression.js';
import { settle } from './settle.js';
import { unpack } from './unpack.js';

/** An archive that becomes a layer's tree. */
export interface LayerArchive {
  /** For messages and progress. */
  readonly what: string;
  /** Its bytes, compressed or not. */
  open(): AsyncIterable<Uint8Array>;
  /** The SHA-256 of its bytes, if it is known; in hexadecimal. */
  readonly digest?: string;
  /** The SHA-256 of its bytes when decompressed, if it is known. */
  readonly diffId?: string;
}

/**
 * Unpacks an archive into a directory, which becomes what overlayfs reads as a layer.
 *
 * @param lower the trees of the layers below, the topmost first
 * @returns the SHA-256 of the decompressed archive, in hexadecimal
 * @throws Failure for a damaged or hostile archive; the directory is then to be removed
 */
export async function unpackLayer(
  { host, dialect }: Store,
  archive: LayerArchive,
  { directory, lower, limits }: { directory: string; lower: readonly string[]; limits: ArchiveLimits },
): Promise<{ readonly diffId: string }> {
  const { what } = archive;
  const guard = new ArchiveGuard(what, dialect, limits);
  const digest = createHash('sha256');
  const diffId = createHash('sha256');
  const source = archive.digest === undefined ? archive.open() : hashed(archive.open(), digest);
  await pipeline(
    source,
    (bytes: AsyncIterable<Uint8Array>) => decompressed(host, bytes, { what, limits }),
    (bytes: AsyncIterable<Uint8Array>) => hashed(bytes, diffId),
    (bytes: AsyncIterable<Uint8Array>) => unpack(host, bytes, { directory, guard, what }),
  );
  if (archive.digest !== undefined) expectSame(what, 'its bytes', archive.digest, digest.digest('hex'));
  const found = diffId.digest('hex');
  if (archive.diffId !== undefined) expectSame(what, 'its content', archive.diffId, found);
  await settle(host, { directory, dialect, lower, what }, guard.notes());
  return { diffId: found };
}

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

function expectSame(what: string, which: string, wanted: string, found: string): void {
  if (wanted === found) return;
  throw new Failure(`${what} is damaged: the SHA-256 of ${which} should be ${wanted}, and is ${found}`, {
    hint: 'Fetch or export it again.',
  });
}
