import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { Failure } from '../host/failure.js';
import { withFileLock } from '../host/file-lock.js';
import { command, insistently, run, type Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import { readRecord, writeRecord } from './record.js';

// The store of layers, instances and stackpoints:
//
//     format                    which format, which marks of overlayfs, and the store's id
//     lock                      held by flock(2) during every change; the file stays
//     layers/NAME/              layer.json, manifest, tree/ (what the layer adds), work/ (overlayfs's own)
//     l/7 -> ../layers/NAME/tree    short names, so that the options of a mount fit into a page
//     l/empty/                  the lowest directory of every mount
//     edits/NAME/               where a layer is mounted while it is edited
//     instances/POINT.N/        instance.json, upper/ (what was changed), work/
//     points/NAME/              point.json, intent.json (during a change), mounts/N/, root -> mounts/N
//     staging/ID/               what is being made, held by flock(2) itself; a rename gives it its place
//     trash/ID/                 what is being removed; a rename took it from its place
//     nodes/ID/                 node.json: of which inputs a layer was made; frame/ (of an installed disk)
//     nodes/.ID.new, .ID.lock   a node that is being made, by the process that holds its lock
//
// Only `points` and `edits` can be entered by all: old programs in layers and instances are out of reach of other users.

/** The version of this layout. A program refuses stores of a later one. */
const storeFormat = 1;

/** The xattrs in which overlayfs keeps its marks: `trusted.overlay.*` for root, `user.overlay.*` in a user namespace. */
export type Dialect = 'trusted' | 'user';

export interface Format {
  readonly format: number;
  readonly xattrs: Dialect;
  /** Part of the source of each mount, so that mounts of other stores are not taken for this one's. */
  readonly id: string;
}

export interface Store {
  readonly host: Host;
  /** Absolute, without symbolic links. */
  readonly directory: string;
  readonly dialect: Dialect;
}

export const storeDirectories = {
  layers: 0o700,
  l: 0o700,
  instances: 0o700,
  staging: 0o700,
  trash: 0o700,
  nodes: 0o700,
  edits: 0o755,
  points: 0o755,
} as const;

/** Files and directories that may lie in a store beside {@link storeDirectories}. */
export const storeFiles = ['format', '.format.new', 'lock'] as const;

/** A path in the store. */
export function within(
  store: Store,
  area: keyof typeof storeDirectories | 'format' | 'lock',
  ...names: string[]
): string {
  return join(store.directory, area, ...names);
}

/**
 * Opens a store. It need not exist yet: then it is empty, and the first {@link changing} makes it.
 *
 * @throws Failure if the directory holds something else, or a store that this user can't use
 */
export async function openStore(host: Host, directory: string): Promise<Store> {
  const path = await realpath(directory).catch(() => resolve(directory));
  const store = { host, directory: path, dialect: dialectHere() };
  await readFormat(store);
  return store;
}

/** Which marks of overlayfs this process can make. */
export function dialectHere(): Dialect {
  return process.getuid?.() === 0 && isInitialUserNamespace() ? 'trusted' : 'user';
}

/** Whether user ids are those of the machine: in a user namespace, they are mapped. See user_namespaces(7). */
export function isInitialUserNamespace(): boolean {
  try {
    return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
  } catch {
    return true;
  }
}

/** @returns undefined for a store that does not exist yet */
export async function readFormat(store: Store): Promise<Format | undefined> {
  const format = await readRecord<Format>(within(store, 'format'));
  if (format === undefined) {
    await expectEmpty(store.directory);
    return undefined;
  }
  if (format.format !== storeFormat) {
    throw new Failure(`${store.directory}: a store of format ${format.format}, and this program knows ${storeFormat}`, {
      hint: 'Update image-factory, or choose another store with --store-dir.',
    });
  }
  if (format.xattrs !== store.dialect) {
    const [maker, here] = format.xattrs === 'user' ? ['an ordinary user', 'root'] : ['root', 'an ordinary user'];
    throw new Failure(
      `${store.directory}: this store belongs to ${maker}: its trees have ${format.xattrs}.overlay attributes, which mean nothing in the mounts of ${here}`,
      { hint: `Run the command as ${maker}, or choose another store with --store-dir.` },
    );
  }
  return format;
}

/** Where a store has its trees if only virtual machines can work in them. */
export const directoryOfGuests = 'vm';

/** The disk in that directory, which is there once a machine has worked in the store. */
export const storeDiskOfGuests = 'store.ext4';

async function expectEmpty(directory: string): Promise<void> {
  const known = new Set<string>([...storeFiles, ...Object.keys(storeDirectories), 'lost+found']);
  const found = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  // A machine that never worked has left its directory, and no tree.
  if (!existsSync(join(directory, directoryOfGuests, storeDiskOfGuests))) known.add(directoryOfGuests);
  const foreign = found.find((name) => !known.has(name));
  if (foreign === undefined) return;
  if (foreign === directoryOfGuests) {
    throw new Failure(
      `${directory}: its trees are on the disk of virtual machines, made where namespaces were closed`,
      {
        hint: 'Choose another directory with --store-dir; or remove this one, and build its images again.',
      },
    );
  }
  throw new Failure(`${directory}: neither a store of layers nor empty: it contains ${JSON.stringify(foreign)}`, {
    hint: 'Choose another directory with --store-dir.',
  });
}

/**
 * Makes one change to the store, while no other process makes one. It makes the store itself first, if need be.
 *
 * Others wait meanwhile, so what takes long belongs before it or after it: reading, filling and removing trees.
 */
export async function changing<T>(store: Store, action: () => Promise<T>): Promise<T> {
  makeDirectory(store.directory);
  const inTurn = async () => {
    await make(store);
    return action();
  };
  const what = `the store ${store.directory}`;
  return withFileLock(store.host, within(store, 'lock'), what, inTurn, { keepsFile: true });
}

/** Makes the store, if it is not there, for what needs no {@link changing}. */
export async function expectMade(store: Store): Promise<void> {
  const needed = [within(store, 'format'), lowest(store), ...directoriesOf(store).map(([path]) => path)];
  if (!needed.every((path) => existsSync(path))) await changing(store, () => Promise.resolve());
}

async function make(store: Store): Promise<void> {
  if ((await readFormat(store)) === undefined) {
    const id = randomBytes(4).toString('hex');
    await writeRecord(within(store, 'format'), { format: storeFormat, xattrs: store.dialect, id } satisfies Format);
  }
  for (const [path, mode] of directoriesOf(store)) makeDirectory(path, { mode });
  await mkdir(lowest(store), { recursive: true });
}

function directoriesOf({ directory }: Store): (readonly [path: string, mode: number])[] {
  return Object.entries(storeDirectories).map(([name, mode]) => [join(directory, name), mode]);
}

/** The directory below all others in every mount. */
function lowest(store: Store): string {
  return within(store, 'l', 'empty');
}

/** The names in a directory of the store, sorted; none if it does not exist. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * What has a record in a directory of the store, in the order of the names. A damaged one stops nothing else: its name is
 * told to `damaged`.
 */
export async function allIn<T>(
  directory: string,
  find: (name: string) => Promise<T>,
  damaged: (name: string) => void,
): Promise<T[]> {
  const all: T[] = [];
  for (const name of await namesIn(directory)) {
    try {
      all.push(await find(name));
    } catch {
      damaged(name);
    }
  }
  return all;
}

/** Brings everything below a path to the disk: the whole file system that holds it, with syncfs(2). */
export async function syncTree(store: Store, path: string): Promise<void> {
  store.host.log.progress({ text: 'Bringing what was written to the disk' });
  await run(store.host, command('sync', ['--file-system', path]));
}

/** Removes directories that nothing uses. It leaves mounts alone, should one be below them. */
export async function removeTrees(store: Store, ...paths: readonly string[]): Promise<void> {
  const filled: string[] = [];
  for (const path of paths) {
    if ((await namesIn(path).catch(() => ['a file'])).length > 0) filled.push(path);
    else await rm(path, { recursive: true, force: true });
  }
  if (filled.length === 0) return;
  // What an interrupted command has begun is removed nevertheless.
  const caller = store.host.signal.aborted ? insistently(store.host) : store.host;
  await run(caller, command('rm', ['--recursive', '--force', '--one-file-system', '--', ...filled]));
}
