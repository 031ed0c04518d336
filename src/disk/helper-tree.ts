import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { run, type Caller } from '../host/host.js';
import { helperCommand, type HelperCall, type HelperDisk } from '../host/sudo-helper.js';
import type { Change, FileEntry, FileTree } from './file-tree.js';
import { namesPath, type PathPattern } from './path-patterns.js';
import { inSystem, type Place } from './place.js';

/** The files of a file system that only root can mount: the sudo helper lists them all in one call. */
export class HelperTree implements FileTree {
  readonly #disk: HelperDisk;
  readonly #listed = new Map<string, readonly FileEntry[]>();

  /** @param disk with no symbolic link in its path: the helper takes none */
  constructor(
    readonly host: Caller,
    disk: string,
    volume: { readonly offset: number; readonly size: number },
  ) {
    this.#disk = [disk, String(volume.offset), String(volume.size)];
  }

  async look(place: Place, patterns: readonly PathPattern[]): Promise<readonly FileEntry[]> {
    return (await this.#all(place)).filter(({ path }) => namesPath(patterns, path));
  }

  /** The helper prints them one after the other, each after its size and its path. */
  async copy(
    { mountPoint, subvolume }: Place,
    files: readonly { readonly path: string; readonly to: string }[],
  ): Promise<void> {
    const [first] = files;
    if (first === undefined) return;
    const together = `${first.to}.together`;
    for (const some of inParts(files)) {
      const paths = some.map(({ path }) => path);
      await this.#call(['copy', ...this.#disk, mountPoint, subvolume, ...paths], { stdoutFile: together });
      await takeApart(together, some);
    }
    await rm(together);
  }

  /** The helper removes and empties what its own table names, and changes nothing else. */
  canChange(_place: Place, changes: readonly Change[]): boolean {
    return changes.every(({ kind }) => kind === 'remove' || kind === 'empty');
  }

  async change({ mountPoint, subvolume }: Place, changes: readonly Change[]): Promise<void> {
    for (const verb of ['empty', 'remove'] as const) {
      const paths = changes.flatMap(({ kind, path }) => (kind === verb ? [path] : []));
      for (const some of inParts(paths)) await this.#call([verb, ...this.#disk, mountPoint, subvolume, ...some]);
    }
    this.#listed.clear();
  }

  async #all({ mountPoint, subvolume }: Place): Promise<readonly FileEntry[]> {
    const key = `${mountPoint} ${subvolume}`;
    const known = this.#listed.get(key);
    if (known !== undefined) return known;
    const stdout = await this.#call(['tree', ...this.#disk, mountPoint, subvolume]);
    const entries = stdout.split('\0').flatMap((record) => {
      const [, type = '', mode = '', size = '', path = ''] = /^(.) ([0-7]+) (\d+) (.+)$/s.exec(record) ?? [];
      if (path === '') return [];
      const kind = kinds[type] ?? 'other';
      const bytes = kind === 'directory' ? 0 : Number(size);
      return [{ path: inSystem(mountPoint, `/${path}`), kind, size: bytes, mode: parseInt(mode, 8) }];
    });
    this.#listed.set(key, entries);
    return entries;
  }

  async #call(call: HelperCall, output: { stdoutFile?: string } = {}): Promise<string> {
    return (await run(this.host, helperCommand(call), output)).stdout;
  }
}

/** Paths that one call takes: the kernel bounds the length of a command line. */
const mostPaths = 400;

function inParts<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / mostPaths) }, (_, index) =>
    items.slice(index * mostPaths, (index + 1) * mostPaths),
  );
}

/** Bytes of the longest `SIZE PATH` and the NUL after it. */
const longestHead = 5000;

async function takeApart(
  together: string,
  files: readonly { readonly path: string; readonly to: string }[],
): Promise<void> {
  const handle = await open(together);
  try {
    let at = 0;
    for (const { path, to } of files) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestHead), 0, longestHead, at);
      const head = buffer.subarray(0, bytesRead).indexOf(0);
      const [, size = '', told] = /^(\d+) (.+)$/s.exec(buffer.toString('utf8', 0, Math.max(head, 0))) ?? [];
      if (told !== path) throw new Error(`the sudo helper prints ${told ?? 'nothing'} instead of ${path}`);
      const start = at + head + 1;
      at = start + Number(size);
      if (size === '0') await writeFile(to, '');
      else await pipeline(createReadStream(together, { start, end: at - 1 }), createWriteStream(to));
    }
  } finally {
    await handle.close();
  }
}

/** As find(1) prints them with `%y`. */
const kinds: Readonly<Record<string, FileEntry['kind']>> = { d: 'directory', f: 'file', l: 'link' };
