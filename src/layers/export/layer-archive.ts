import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { Failure } from '../../host/failure.js';
import type { Caller } from '../../host/host.js';
import { readAttributes } from '../extended-attributes.js';
import { ContentHash } from '../manifest.js';
import { readable, type TreeEntry } from '../tree-entry.js';
import { bytePath, walk } from '../walk.js';
import { headersOf, padding, trailer, type TarEntry } from './tar-format.js';

/** A tree that becomes an archive. */
export interface ArchivedTree {
  readonly directory: string;
  /** For messages and progress: `layer web`. */
  readonly what: string;
  /** The content id that it must have; without it, whatever is there is written. */
  readonly contentId?: string | undefined;
  /** Seconds since 1970: later times become this one. */
  readonly newest?: number | undefined;
  /** Gets the time of each entry, as it is written: seconds since 1970. */
  readonly onTime?: (seconds: number) => void;
}

/** What the OCI image specification puts before the name of an entry that is hidden. */
const whiteoutPrefix = '.wh.';

const opaqueMarker = '.wh..wh..opq';

/** Bytes that are passed on together. */
const chunkSize = 1024 * 1024;

/** Bytes from which on a piece is passed on alone. */
const largePiece = 128 * 1024;

/**
 * A tree as a tar archive: sorted, with numbers of owners, whole seconds, and whiteouts in the notation of OCI layers. The
 * same tree gives the same bytes, whichever file system it lies on.
 *
 * What is read is hashed on the way: a tree that is not what it was when its layer was closed is noticed before the
 * archive ends.
 *
 * @throws Failure for what an archive can't hold, and for a tree that has changed
 */
export async function* layerArchive(host: Caller, tree: ArchivedTree): AsyncGenerator<Buffer> {
  const { directory, what, newest = Infinity } = tree;
  const content = new ContentHash();
  const digests = new Map<string, string>();
  const chunk = new Chunk();
  let count = 0;
  for (const { entry, modified, names } of walk(directory, await readAttributes(host, directory))) {
    const seconds = Math.min(Math.floor(modified), newest);
    tree.onTime?.(seconds);
    const { path, type } = entry;
    if (++count % 500 === 0) {
      host.log.progress({ text: `Exporting ${what}: ${count} entries` });
      await letOthersRun();
      host.signal.throwIfAborted();
    }
    const tarEntry = tarEntryOf(entry, seconds, what);
    if (tarEntry === undefined) host.log.warn(`${what}: ${readable(path)} is a socket, which no archive can hold`);
    else chunk.add(headersOf(tarEntry));
    if (entry.opaque) chunk.add(headersOf(marker(path, opaqueMarker)));
    if (type !== 'file') content.add(entry);
    else {
      let digest = entry.hardLink === undefined ? undefined : digests.get(entry.hardLink);
      if (entry.hardLink === undefined) {
        const hash = createHash('sha256');
        for (const part of contentOf(bytePath(directory, path), entry.size ?? 0, `${what}: ${readable(path)}`)) {
          hash.update(part);
          chunk.add(part);
          // Putting large pieces together would copy them for nothing.
          if (part.length >= largePiece || chunk.isFull) yield* chunk.takeParts();
        }
        chunk.add(padding(entry.size ?? 0));
        digest = hash.digest('hex');
        if (names > 1) digests.set(path, digest);
      }
      content.add({ ...entry, digest: digest ?? '' });
    }
    if (chunk.isFull) yield chunk.take();
  }
  const { contentId } = tree;
  if (contentId !== undefined && content.id() !== contentId) {
    const name = what.replace(/^layer /, '');
    throw new Failure(`${what} is not as it was when it was closed, so it is not exported`, {
      hint: `To see what has changed: image-factory layer verify ${name}`,
    });
  }
  chunk.add(trailer);
  yield chunk.take();
}

/** @returns undefined for a socket */
function tarEntryOf(entry: TreeEntry, modified: number, what: string): TarEntry | undefined {
  const { path, type, mode = 0o777, owner = { uid: 0, gid: 0 } } = entry;
  const slash = path.lastIndexOf('/');
  const [above, name] = [path.slice(0, slash + 1), path.slice(slash + 1)];
  if (name.startsWith(whiteoutPrefix)) {
    throw new Failure(`${what}: ${readable(path)}: in an archive, this name would hide another one`, {
      hint: 'Rename it, or export in a format without whiteouts: squashfs, erofs, directory.',
    });
  }
  if (type === 'socket') return undefined;
  if (type === 'whiteout') {
    if (name.length > 255 - whiteoutPrefix.length) {
      throw new Failure(`${what}: ${readable(path)}: no archive can hide a name of ${name.length} bytes`);
    }
    return marker(above.replace(/\/$/, ''), whiteoutPrefix + name);
  }
  const { target, device, attributes, hardLink } = entry;
  const shown = path === '' ? './' : type === 'dir' ? `${path}/` : path;
  const common = { path: shown, mode, owner, modified };
  if (hardLink !== undefined) return { ...common, type: 'hard link', size: 0, target: hardLink };
  return {
    ...common,
    type,
    size: type === 'file' ? (entry.size ?? 0) : 0,
    ...(target !== undefined && { target }),
    ...(device !== undefined && { device }),
    ...(attributes !== undefined && { attributes }),
  };
}

/** An empty file that says something of its directory. */
function marker(directory: string, name: string): TarEntry {
  const path = directory === '' ? name : `${directory}/${name}`;
  return { path, type: 'file', mode: 0o644, owner: { uid: 0, gid: 0 }, size: 0, modified: 0 };
}

/** The content of a file in pieces, as long as it was declared. */
function* contentOf(path: Buffer, size: number, what: string): Generator<Buffer> {
  if (size === 0) return;
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let left = size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(left, chunkSize));
      const count = readSync(file, buffer);
      if (count === 0) throw new Failure(`${what} became shorter while it was read`);
      left -= count;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(file);
  }
}

/** Puts small pieces together. */
class Chunk {
  #parts: Buffer[] = [];
  #size = 0;

  get isFull(): boolean {
    return this.#size >= chunkSize;
  }

  add(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
  }

  /** The last piece alone, and what was before it. */
  *takeParts(): Generator<Buffer> {
    const last = this.#parts.pop();
    if (this.#parts.length > 0) yield this.take();
    this.#parts = [];
    this.#size = 0;
    if (last !== undefined) yield last;
  }

  take(): Buffer {
    const whole = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return whole;
  }
}

/** Passes on what it hashes. */
export async function* hashing(source: AsyncIterable<Buffer>, ...hashes: readonly Hash[]): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    hashes.forEach((hash) => hash.update(chunk));
    yield chunk;
  }
}
