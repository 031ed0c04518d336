import { stat, truncate, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Failure } from '../host/failure.js';
import { run, type Caller } from '../host/host.js';
import { withScratchDirectory } from '../host/scratch-directory.js';
import { checkExt } from './ext-check.js';
import {
  bytesOf,
  debugfsCommand,
  deviceName,
  listKnownDirectories,
  quotePath,
  readable,
  refuseTwice,
  type Entry,
  type ExtDevice,
} from './ext-directory.js';
import type { Change, FileEntry, FileTree } from './file-tree.js';
import { patternsBelow, stepDown, type PathPattern } from './path-patterns.js';
import { below, inSystem, type Place } from './place.js';

/** The root directory of an ext file system always has this inode. */
const rootInode = 2;

/** The files of ext2, ext3 and ext4, without root: debugfs lists a whole level of directories in each process. */
export class ExtTree implements FileTree {
  /** What was looked at, by its path in the system. */
  readonly #known = new Map<string, Entry>();

  constructor(
    readonly host: Caller,
    readonly device: ExtDevice,
  ) {}

  async look({ mountPoint }: Place, patterns: readonly PathPattern[]): Promise<readonly FileEntry[]> {
    const found: FileEntry[] = [];
    const seen = new Set<number>();
    let level = [{ path: '/', inode: rootInode, patterns: patternsBelow(patterns, mountPoint) }];
    while (level.length > 0) {
      const listed = level.filter((directory) => directory.patterns.length > 0);
      refuseTwice(this.device, listed, seen);
      const wanted = new Map(listed.map((directory) => [directory.path, directory.patterns]));
      level = [];
      for (const entry of await listKnownDirectories(this.host, this.device, listed)) {
        const { dir, base } = posix.parse(entry.path);
        const { named, below: left } = stepDown(wanted.get(dir) ?? [], base);
        const path = inSystem(mountPoint, readable(entry.path));
        if (named) found.push({ path, kind: entry.kind, size: entry.size, mode: entry.mode });
        if (named) this.#known.set(path, entry);
        if (entry.kind === 'directory') level.push({ path: entry.path, inode: entry.inode, patterns: left });
      }
    }
    return found;
  }

  async copy(_place: Place, files: readonly { readonly path: string; readonly to: string }[]): Promise<void> {
    if (files.length === 0) return;
    const requests = files.map(({ path, to }) => `dump <${this.#entry(path).inode}> ${quotePath(bytesOf(to))}`);
    const said = complaints((await run(this.host, debugfsCommand(this.device, requests, 'read'))).stderr);
    if (said.length > 0) throw new Failure(`files could not be read from ${this.#name}: ${said.join('; ')}`);
    // debugfs 1.47 gives all the room that a small file has in its inode (inline_data).
    for (const { path, to } of files) await truncate(to, this.#entry(path).size);
  }

  canChange(): boolean {
    return true;
  }

  async change(place: Place, changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const make = async (scratch: string) => {
      const requests: string[] = [];
      const made = new Set<string>();
      for (const [index, change] of changes.entries()) {
        requests.push(...(await this.#requests(change, place, join(scratch, String(index)), made)));
      }
      const said = complaints((await run(this.host, debugfsCommand(this.device, requests, 'write'))).stderr);
      if (said.length > 0) throw new Failure(`${this.#name} could not be changed: ${said.join('; ')}`);
    };
    await withScratchDirectory('change', make, this.host.scratch);
    await checkExt(this.host, this.device, 'check');
  }

  /** @param made directories that earlier changes make */
  async #requests(change: Change, place: Place, scratch: string, made: Set<string>): Promise<string[]> {
    const known = this.#known.get(change.path);
    switch (change.kind) {
      case 'remove':
        return this.#removal(this.#entry(change.path));
      case 'empty':
        await writeFile(scratch, '', { mode: 0o600 });
        return this.#rewriting(this.#entry(change.path), scratch);
      case 'mode':
        return [`sif <${this.#entry(change.path).inode}> mode ${modeWord(change.mode)}`];
      case 'link': {
        const inside = insideOf(place, change.path);
        const removal = known ? [`rm ${quotePath(known.path)}`] : [];
        const above = await this.#directories(posix.dirname(inside), made);
        return [...above, ...removal, `symlink ${quotePath(inside)} ${quotePath(bytesOf(change.target))}`];
      }
      case 'write':
        await writeFile(scratch, change.content, { mode: 0o600 });
        return known
          ? this.#rewriting(known, scratch)
          : [
              ...(await this.#directories(posix.dirname(insideOf(place, change.path)), made)),
              ...writing(insideOf(place, change.path), scratch, 0o644),
            ];
    }
  }

  /** What is first in its directory goes first: debugfs looks each name up from the beginning. */
  async #removal(entry: Entry): Promise<string[]> {
    const all = [entry];
    for (let level = [entry]; level.length > 0;) {
      level = await listKnownDirectories(
        this.host,
        this.device,
        level.filter(({ kind }) => kind === 'directory'),
      );
      for (const each of level) all.push(each);
    }
    return all
      .toSorted((one, other) => other.path.split('/').length - one.path.split('/').length)
      .map(({ path, kind }) => `${kind === 'directory' ? 'rmdir' : 'rm'} ${quotePath(path)}`);
  }

  /** The content of a file goes to a new inode, which gets the owner, the permissions and the SELinux label of the old one. */
  async #rewriting({ path, inode, mode }: Entry, content: string): Promise<string[]> {
    const label = `${content}.label`;
    const asked = [`stat <${inode}>`, `ea_get -f ${quotePath(bytesOf(label))} <${inode}> security.selinux`];
    const { stdout } = await run(this.host, debugfsCommand(this.device, asked, 'read'));
    const [, user = '0', group = '0'] = /^User: +(\d+) +Group: +(\d+)/m.exec(stdout) ?? [];
    const labelled = (await stat(label).catch(() => undefined))?.size ?? 0;
    return [
      `rm ${quotePath(path)}`,
      ...writing(path, content, mode),
      `sif ${quotePath(path)} uid ${user}`,
      `sif ${quotePath(path)} gid ${group}`,
      ...(labelled > 0 ? [`ea_set -f ${quotePath(bytesOf(label))} ${quotePath(path)} security.selinux`] : []),
    ];
  }

  /** Makes a directory and those above it, as far as they are not there. */
  async #directories(directory: string, made: Set<string>): Promise<string[]> {
    const names = directory.split('/').filter((name) => name !== '');
    const paths = names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
    let at: Pick<Entry, 'path' | 'inode'> | undefined = { path: '/', inode: rootInode };
    const missing: string[] = [];
    for (const path of paths) {
      const entries: readonly Entry[] = at ? await listKnownDirectories(this.host, this.device, [at]) : [];
      at = entries.find((entry) => entry.path === path && entry.kind === 'directory');
      if (at === undefined && !made.has(path)) missing.push(path);
    }
    missing.forEach((path) => made.add(path));
    return missing.map((path) => `mkdir ${quotePath(path)}`);
  }

  #entry(path: string): Entry {
    const entry = this.#known.get(path);
    if (entry === undefined) throw new Error(`${path} was not looked at`);
    return entry;
  }

  get #name(): string {
    return deviceName(this.device);
  }
}

function insideOf({ mountPoint }: Place, path: string): string {
  const inside = below(mountPoint, path);
  if (inside === undefined) throw new Error(`${path} does not lie below ${mountPoint}`);
  return bytesOf(inside);
}

/** debugfs writes a file only into the directory in which it is. */
function writing(path: string, content: string, mode: number): string[] {
  const name = quotePath(posix.basename(path));
  return [
    `cd ${quotePath(posix.dirname(path))}`,
    `write ${quotePath(bytesOf(content))} ${name}`,
    `sif ${name} mode ${modeWord(mode)}`,
    'cd /',
  ];
}

/** Of a regular file. */
const modeWord = (mode: number) => `0${(0o100000 | mode).toString(8)}`;

/** debugfs reports what it could not do, and still exits with 0. */
function complaints(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !/^debugfs \d/.test(line));
}
