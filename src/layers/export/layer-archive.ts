import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { ahead } from '../../host/ahead.js';
import { Failure } from '../../host/failure.js';
import type { Caller } from '../../host/host.js';
import { readAttributes } from '../extended-attributes.js';
import { ContentHash } from '../manifest.js';
import { readable, type TreeEntry } from '../tree-entry.js';
import { bytePath, walk } from '../walk.js';
import { Chunks } from './chunks.js';
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
  /** Whether an entry, by its path from the tree's root, is left out. The tree is still to be what it was. */
  readonly omits?: (path: string) => boolean;
  /** The directory of the archive that the tree becomes, such as `rootfs`; without it, the archive's top. */
  readonly below?: string;
  /** Small files that come after all others, in place of what the tree has under their names. */
  readonly added?: readonly AddedFile[];
}

/** A file that is in an archive and not in its tree. */
export interface AddedFile {
  /** From the tree's root, without a leading slash. */
  readonly path: string;
  readonly content: string;
  readonly mode?: number;
}

/** What the OCI image specification puts before the name of an entry that is hidden. */
const whiteoutPrefix = '.wh.';

const opaqueMarker = '.wh..wh..opq';

/**
 * A tree as a tar archive: sorted, with numbers of owners, whole seconds, and whiteouts in the notation of OCI layers. The
 * same tree gives the same bytes, whichever file system it lies on. A chunk is valid only until the next one is asked for,
 * as by pipeline(3), which waits until what it wrote is on its way.
 *
 * What is read is hashed on the way: a tree that is not what it was when its layer was closed is noticed before the
 * archive ends.
 *
 * @throws Failure for what an archive can't hold, and for a tree that has changed
 */
export function layerArchive(host: Caller, tree: ArchivedTree): AsyncGenerator<Buffer> {
  return ahead(chunksOf(host, tree));
}

async function* chunksOf(host: Caller, tree: ArchivedTree): AsyncGenerator<Buffer> {
  const { directory, what, newest = Infinity, omits = () => false } = tree;
  const content = new ContentHash();
  const links = new KeptLinks();
  const written = (path: string) => !omits(path) && !tree.added?.some((file) => file.path === path);
  const digests = new Map<string, string>();
  const chunks = new Chunks();
  /** What is only hashed. */
  const unwritten = new Chunks();
  let count = 0;
  for (const { entry, modified, names } of walk(directory, await readAttributes(host, directory))) {
    const seconds = Math.min(Math.floor(modified), newest);
    const { path, type } = entry;
    const isWritten = written(path);
    if (isWritten) tree.onTime?.(seconds);
    if (++count % 500 === 0) {
      host.log.progress({ text: `Exporting ${what}: ${count} entries` });
      await letOthersRun();
      host.signal.throwIfAborted();
    }
    const shown = isWritten ? links.entry(entry) : undefined;
    if (shown !== undefined) {
      const tarEntry = tarEntryOf(shown, seconds, what);
      if (tarEntry === undefined) host.log.warn(`${what}: ${readable(path)} is a socket, which no archive can hold`);
      else chunks.add(headersOf(placed(tarEntry, tree.below)));
      if (entry.opaque) chunks.add(headersOf(placed(marker(path, opaqueMarker), tree.below)));
    }
    if (type !== 'file') content.add(entry);
    else {
      let digest = entry.hardLink === undefined ? undefined : digests.get(entry.hardLink);
      const hasContent = shown !== undefined && shown.hardLink === undefined;
      if (entry.hardLink === undefined || hasContent) {
        const hash = createHash('sha256');
        const size = entry.size ?? 0;
        const file = bytePath(directory, path);
        const full = addContent(hasContent ? chunks : unwritten, hash, file, size, `${what}: ${readable(path)}`);
        for (const chunk of full) if (hasContent) yield chunk;
        if (hasContent) chunks.add(padding(size));
        digest = hash.digest('hex');
        if (names > 1) digests.set(path, digest);
      }
      content.add({ ...entry, digest: digest ?? '' });
    }
    yield* chunks.full();
  }
  const { contentId } = tree;
  if (contentId !== undefined && content.id() !== contentId) {
    const name = what.replace(/^layer /, '');
    throw new Failure(`${what} is not as it was when it was closed, so it is not exported`, {
      hint: `To see what has changed: image-factory layer verify ${name}`,
    });
  }
  for (const { path, content: text, mode = 0o644 } of tree.added ?? []) {
    const bytes = Buffer.from(text);
    const modified = Math.min(newest, addedTime);
    const entry = { path, type: 'file', mode, owner: { uid: 0, gid: 0 }, size: bytes.length, modified } as const;
    chunks.add(Buffer.concat([headersOf(placed(entry, tree.below)), bytes, padding(bytes.length)]));
  }
  chunks.add(trailer);
  yield* chunks.full();
  yield chunks.rest();
}

/** The time of what is added, where nothing limits it: the same always, so that the same tree becomes the same archive. */
const addedTime = 0;

/** Gives hard links whose first name is left out another first name: the one that is written first. */
class KeptLinks {
  readonly #names = new Map<string, string>();

  /** @param entry one that is written */
  entry(entry: TreeEntry): TreeEntry {
    const { path, hardLink } = entry;
    if (hardLink === undefined) {
      this.#names.set(path, path);
      return entry;
    }
    const first = this.#names.get(hardLink);
    if (first !== undefined) return { ...entry, hardLink: first };
    this.#names.set(hardLink, path);
    const { hardLink: _, ...own } = entry;
    void _;
    return own;
  }
}

/** An entry in the directory of the archive that its tree becomes. */
function placed(entry: TarEntry, below: string | undefined): TarEntry {
  if (below === undefined) return entry;
  const path = entry.path === './' ? `${below}/` : `${below}/${entry.path}`;
  return entry.type === 'hard link' ? { ...entry, path, target: `${below}/${entry.target ?? ''}` } : { ...entry, path };
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

/** Adds the content of a file, as long as it was declared. @returns the chunks that it fills */
function* addContent(chunks: Chunks, hash: Hash, path: Buffer, size: number, what: string): Generator<Buffer> {
  if (size === 0) return;
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let left = size; left > 0;) {
      const room = chunks.room();
      const count = readSync(file, room, 0, Math.min(left, room.length), null);
      if (count === 0) throw new Failure(`${what} became shorter while it was read`);
      hash.update(room.subarray(0, count));
      chunks.filled(count);
      left -= count;
      yield* chunks.full();
    }
  } finally {
    closeSync(file);
  }
}

/** Passes on what it hashes. */
export async function* hashing(source: AsyncIterable<Buffer>, ...hashes: readonly Hash[]): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    hashes.forEach((hash) => hash.update(chunk));
    yield chunk;
  }
}
