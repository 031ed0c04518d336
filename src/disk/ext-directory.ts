import { basename, dirname } from 'node:path';
import { Failure } from '../host/failure.js';
import { command, run, type Command, type Caller } from '../host/host.js';
import { named } from './place.js';

/** An entry of a directory on an ext file system, as `debugfs ls -p` prints it. */
export interface Entry {
  /** Bytes, a character for each. */
  readonly path: string;
  readonly kind: 'directory' | 'file' | 'link' | 'other';
  readonly inode: number;
  /** Bytes, as the inode has it; 0 for directories. */
  readonly size: number;
  /** Permissions, with the bits for set-uid, set-gid and sticky (inode(7)). */
  readonly mode: number;
}

/** Where an ext file system lies: in a raw disk, from a byte on. */
export interface ExtDevice {
  readonly disk: string;
  /** Bytes; or a word that stands for them in what --dry-run prints. */
  readonly offset: number | string;
}

/** What the file system is called in messages, and what a program is called with that needs no other directory. */
export function deviceName({ disk, offset }: ExtDevice): string {
  return `${disk}?offset=${offset}`;
}

/**
 * A call of a program of e2fsprogs: all of them take `?offset=BYTES` after the name of a file. They end the name at the
 * first question mark, so where the directory has one in its name they are called in it.
 */
export function extCommand(
  program: 'debugfs' | 'e2fsck' | 'dumpe2fs' | 'tune2fs' | 'zerofree',
  options: readonly string[],
  device: ExtDevice,
  more: Pick<Command, 'input' | 'encoding'> = {},
): Command {
  const directory = dirname(device.disk);
  if (!directory.includes('?')) return command(program, [...options, deviceName(device)], more);
  const name = deviceName({ ...device, disk: `./${basename(device.disk)}` });
  return command(program, [...options, name], { ...more, cwd: directory });
}

/**
 * Runs requests on the file system, in the language of debugfs(8), one a line. Names in a file system are bytes: in
 * requests and output each character stands for one.
 */
export function debugfsCommand(device: ExtDevice, requests: readonly string[], mode: 'read' | 'write'): Command {
  return extCommand('debugfs', [...(mode === 'write' ? ['-w'] : []), '-f', '-'], device, {
    input: Buffer.from(requests.map((request) => `${request}\n`).join(''), 'latin1'),
    encoding: 'latin1',
  });
}

/** A text as the bytes that it has in UTF-8, a character for each. */
export function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** A name of bytes for people: as the UTF-8 that it nearly always is, else with its odd bytes as `\xHH`. */
export function readable(bytes: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return bytes.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
  }
}

/**
 * A path, of bytes, as a word of a debugfs request.
 *
 * @throws Failure for a name with a control character, which debugfs has no way to write
 */
export function quotePath(path: string): string {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  if (/[\x00-\x1f\x7f]/.test(path)) {
    throw new Failure(
      `the file name ${JSON.stringify(readable(path))} in the image holds a control character and can't be handled`,
    );
  }
  return `"${path.replaceAll('"', '""')}"`;
}

/** No name holds a slash, unless somebody wrote it straight into the directory. */
const entryLine = /^\/(\d+)\/([0-7]{6})\/\d+\/\d+\/([^/]+)\/(\d*)\/$/;

/** What debugfs says of a path that leads nowhere, or not to a directory. */
const notThere =
  /: (File not found by ext2_lookup|Ext2 inode is not a directory|Too many symbolic links encountered)\b/;

function damage(device: ExtDevice, complaint: string): Failure {
  return new Failure(`the file system ${deviceName(device)} is damaged: ${readable(complaint.trim().slice(0, 300))}`, {
    hint: 'The installation left a damaged disk: build the image again, and check the console log if the error persists.',
  });
}

/** Lists directories, all in one process. A directory that is not there has no entries. */
export async function listDirectories(
  host: Caller,
  device: ExtDevice,
  directories: readonly string[],
): Promise<Entry[]> {
  return list(
    host,
    device,
    directories.map((path) => ({ path, called: quotePath(path) })),
  );
}

/** Directories that one process lists: its output must fit into memory. */
const mostDirectories = 5000;

/** Lists directories that are known by their inodes, which takes no look at what is on the way to them. */
export async function listKnownDirectories(
  host: Caller,
  device: ExtDevice,
  directories: readonly Pick<Entry, 'path' | 'inode'>[],
): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let from = 0; from < directories.length; from += mostDirectories) {
    const some = directories.slice(from, from + mostDirectories);
    const entries = await list(
      host,
      device,
      some.map(({ path, inode }) => ({ path, called: `<${inode}>` })),
    );
    for (const entry of entries) found.push(entry);
  }
  return found;
}

/** What a directory is called in paths, and in a request to debugfs. */
interface Listed {
  readonly path: string;
  readonly called: string;
}

async function list(host: Caller, device: ExtDevice, directories: readonly Listed[]): Promise<Entry[]> {
  if (directories.length === 0) return [];
  const requests = directories.map(({ called }) => `ls -p ${called}`);
  const { stdout, stderr } = await run(host, debugfsCommand(device, requests, 'read'));
  // debugfs reports what it could not read, and still exits with 0.
  const complaint = stderr.split('\n').find((line) => line !== '' && !/^debugfs \d/.test(line) && !notThere.test(line));
  if (complaint !== undefined) throw damage(device, complaint);
  const entries: Entry[] = [];
  let directory: string | undefined;
  let next = 0;
  for (const line of stdout.split('\n')) {
    if (line === `debugfs: ${requests[next]}`) directory = directories[next++]?.path;
    // Of what was removed, and of an empty block, an entry without an inode stays, and perhaps its name.
    else if (line === '' || line.startsWith('/0/')) continue;
    else if (directory === undefined) throw damage(device, line);
    else for (const entry of readEntry(device, directory, line)) entries.push(entry);
  }
  return entries;
}

function readEntry(device: ExtDevice, directory: string, line: string): Entry[] {
  // Room for an entry, as in lost+found: neither an inode nor a name.
  if (/^\/0\/0+\/\d+\/\d+\/\/\d*\/$/.test(line)) return [];
  const match = entryLine.exec(line);
  if (!match) {
    throw new Failure(
      `a file name in ${readable(directory)} of ${deviceName(device)} holds a line break or a slash and can't be handled: ${JSON.stringify(readable(line.slice(0, 300)))}`,
    );
  }
  const [, inode, mode = '', name = '', size] = match;
  if (name === '.' || name === '..') return [];
  const kind = kinds[mode.slice(0, 2)] ?? 'other';
  const path = `${directory.replace(/\/$/, '')}/${name}`;
  return [{ path, kind, inode: Number(inode), size: Number(size), mode: parseInt(mode.slice(-4), 8) }];
}

/** By the first two octal digits of the mode (inode(7)). */
const kinds: Readonly<Record<string, Entry['kind']>> = { '04': 'directory', '10': 'file', '12': 'link' };

/** Where a symbolic link leads: undefined for a long one, which debugfs does not print. */
export async function linkTarget(host: Caller, device: ExtDevice, path: string): Promise<string | undefined> {
  const { stdout } = await run(host, debugfsCommand(device, [`stat ${quotePath(path)}`], 'read'));
  return /^Fast link dest: "(.*)"$/m.exec(stdout)?.[1];
}

/** Far more than any installer leaves. debugfs looks a name up by reading all before it, so each more costs more. */
const mostEntries = 20_000;

/**
 * Everything in and below the given entries, each directory before what it holds.
 *
 * @throws Failure for more entries than an installer leaves, and for a directory that is found twice: it may hold itself
 */
export async function walk(host: Caller, device: ExtDevice, entries: readonly Entry[]): Promise<Entry[]> {
  const found = [...entries];
  const seen = new Set<number>();
  for (let level = entries; level.length > 0;) {
    const directories = level.filter(({ kind }) => kind === 'directory');
    refuseTwice(device, directories, seen);
    level = await listDirectories(
      host,
      device,
      directories.map(({ path }) => path),
    );
    if (found.length + level.length > mostEntries) {
      throw new Failure(
        `the installer's leftovers on ${deviceName(device)} are more than ${mostEntries} files: no installer does that`,
      );
    }
    // One by one: so many arguments as this may have no function takes.
    for (const entry of level) found.push(entry);
  }
  return found;
}

/**
 * Notes which directories were seen.
 *
 * @throws Failure for one that was seen before: it may hold itself
 */
export function refuseTwice(
  device: ExtDevice,
  directories: readonly Pick<Entry, 'path' | 'inode'>[],
  seen: Set<number>,
): void {
  for (const { path, inode } of directories) {
    if (seen.has(inode))
      throw new Failure(`the file system ${deviceName(device)} is damaged: ${readable(path)} is a directory twice`);
    seen.add(inode);
  }
}

/** The entries that patterns name; `*` stands only in the last name of a pattern. All in one process. */
export async function matching(host: Caller, device: ExtDevice, patterns: readonly string[]): Promise<Entry[]> {
  const parents = [...new Set(patterns.map((pattern) => pattern.replace(/\/[^/]*$/, '') || '/'))];
  const entries = await listDirectories(host, device, parents);
  return entries.filter(({ path }) => named(path, patterns));
}
