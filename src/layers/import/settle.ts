import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  rmSync,
  unlinkSync,
  utimesSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { command, run, type Caller } from '../../host/host.js';
import { attributesOf, readAttributes, writeAttributes, type Attributes } from '../extended-attributes.js';
import { isOpaque, isOverlayMark, isWhiteoutFile } from '../overlay-marks.js';
import type { Dialect } from '../store.js';
import { readable } from '../tree-entry.js';
import { bytePath } from '../walk.js';
import { whiteoutPrefix, type ArchiveNotes } from './archive-guard.js';

/** Names of one file that every file system allows. */
const mostNames = 30_000;

/** What a directory has to become for overlayfs, and what is below it. */
export interface Settling {
  readonly directory: string;
  readonly dialect: Dialect;
  /** The trees of the layers below, the topmost first. */
  readonly lower: readonly string[];
  /** The archive, for messages. */
  readonly what: string;
}

/**
 * Makes an unpacked archive a tree as overlayfs reads it: whiteouts become devices 0/0, marks of opaque directories those
 * of the store, all other marks of overlayfs are removed, and directories that the archive did not mention stay what they
 * are in the layers below.
 *
 * @returns whether any entry of the tree may have extended attributes now
 */
export async function settle(
  host: Caller,
  settling: Settling,
  notes: ArchiveNotes,
): Promise<{ readonly hasAttributes: boolean }> {
  const { directory, dialect, what } = settling;
  const changes = new Map<string, Map<string, Buffer | undefined>>();
  const opaque = new Set(notes.opaque);
  const attributes: Attributes = notes.hasAttributes ? await readAttributes(host, directory) : new Map();
  const files: string[] = [];
  for (const [path, marks] of attributes) {
    const own = [...marks.keys()].filter(isOverlayMark);
    if (own.length === 0) continue;
    if (isOpaque(marks)) opaque.add(path);
    if (isWhiteoutFile(marks)) files.push(path);
    changes.set(path, new Map(own.map((name) => [name, undefined])));
  }
  const whiteouts = new Whiteouts(host, directory);
  try {
    for (const { directory: parent, name } of notes.whiteouts) {
      const path = parent === '' ? name : `${parent}/${name}`;
      keepTime(directory, parent, () => unlinkSync(bytePath(directory, join(parent, whiteoutPrefix + name))));
      const there = found(bytePath(directory, path));
      if (there === undefined) await whiteouts.make(parent, path);
      // It hides what was below, and then has something of its own there.
      else if (there.isDirectory()) opaque.add(path);
    }
    for (const path of files) {
      const parent = path.split('/').slice(0, -1).join('/');
      const file = found(bytePath(directory, path));
      if (file === undefined || !file.isFile() || file.size > 0) continue;
      keepTime(directory, parent, () => unlinkSync(bytePath(directory, path)));
      changes.delete(path);
      await whiteouts.make(parent, path);
    }
  } finally {
    whiteouts.done();
  }
  for (const parent of notes.opaque) {
    keepTime(directory, parent, () => unlinkSync(bytePath(directory, join(parent, '.wh..wh..opq'))));
  }
  for (const path of notes.useless) rmSync(bytePath(directory, path), { recursive: true, force: true });
  if (opaque.delete('') && settling.lower.length > 0) {
    throw new Failure(`${what}: it hides the whole of the layers below, and overlayfs can't do that`, {
      hint: 'Import it without a parent.',
    });
  }
  for (const path of opaque) {
    changes.set(
      path,
      (changes.get(path) ?? new Map<string, Buffer | undefined>()).set(`${dialect}.overlay.opaque`, Buffer.from('y')),
    );
  }
  for (const path of notes.implied) await imply(host, settling, path, changes);
  await writeAttributes(host, directory, changes);
  // What is made in a directory with default access control lists has some from the beginning.
  const inherits = (await attributesOf(host, directory, [''])).size > 0;
  return { hasAttributes: notes.hasAttributes || changes.size > 0 || inherits };
}

/** Makes whiteouts: one device, under many names, as overlayfs itself does. */
class Whiteouts {
  readonly #first: Buffer;
  #names = 0;

  constructor(
    private readonly host: Caller,
    private readonly directory: string,
  ) {
    // Beside the tree: in the same file system, and no part of it.
    this.#first = Buffer.from(`${directory}.whiteout`);
  }

  async make(parent: string, path: string): Promise<void> {
    if (this.#names % mostNames === 0) {
      this.done();
      // The kernel lets everybody make the device 0/0: nothing can be read from it.
      await run(this.host, command('mknod', [this.#first.toString(), 'c', '0', '0']));
    }
    this.#names++;
    keepTime(this.directory, parent, () => linkSync(this.#first, bytePath(this.directory, path)));
  }

  done(): void {
    rmSync(this.#first, { force: true });
  }
}

/** Changes what is in a directory, and leaves its time what it was. Its path is no symbolic link, or has none in it. */
function keepTime(root: string, directory: string, change: () => void): void {
  for (let end = directory.length; end > 0; end = directory.lastIndexOf('/', end - 1)) {
    const path = directory.slice(0, end);
    if (found(bytePath(root, path))?.isDirectory() !== true) throw new Failure(`${readable(path)} is no directory`);
  }
  const path = bytePath(root, directory);
  const { atimeMs, mtimeMs } = lstatSync(path);
  change();
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

function found(path: Buffer): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Gives a directory that an archive implies the owner, permissions, attributes and time that it has below. */
async function imply(
  host: Caller,
  { directory, lower }: Settling,
  path: string,
  changes: Map<string, Map<string, Buffer | undefined>>,
): Promise<void> {
  const here = bytePath(directory, path);
  const tree = lower.find((each) => found(bytePath(each, path))?.isDirectory());
  if (tree === undefined) {
    lchownSync(here, 0, 0);
    chmodSync(here, 0o755);
    lutimesSync(here, 0, 0);
    return;
  }
  const { uid, gid, mode, mtimeMs } = lstatSync(bytePath(tree, path));
  lchownSync(here, uid, gid);
  chmodSync(here, mode & 0o7777);
  utimesSync(here, mtimeMs / 1000, mtimeMs / 1000);
  const marks = (await attributesOf(host, tree, [path])).get(path) ?? [];
  const kept = [...marks].filter(([name]) => !isOverlayMark(name));
  if (kept.length > 0) changes.set(path, new Map([...(changes.get(path) ?? []), ...kept]));
}
