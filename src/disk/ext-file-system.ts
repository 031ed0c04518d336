import { posix } from 'node:path';
import { Failure } from '../host/failure.js';
import { run, type Caller, type Command } from '../host/host.js';
import { checkExt, fsckCommand, replayJournal } from './ext-check.js';
import {
  bytesOf,
  debugfsCommand,
  deviceName,
  extCommand,
  linkTarget,
  listDirectories,
  matching,
  quotePath,
  readable,
  walk,
  type Entry,
  type ExtDevice,
} from './ext-directory.js';
import { blockUseCommand, readBlockUse, type BlockUse } from './ext-block-use.js';
import { readContentExtents } from './ext-content.js';
import { isUnmounted } from './ext-state.js';
import { covers, type Extent } from './extent.js';
import { installerLeftovers, installerLogs } from './installer-leftovers.js';
import { swapHeaderLength } from './swap.js';
import { below, inSystem, rootPlace, type Place } from './place.js';
import { mapCommand, readHoles, zeroCommand, zeroExtents } from './raw-disk.js';
import { longestLog, type InstallerLog, type VolumeFileSystem } from './volume-file-system.js';

/** Bytes: more than any package database has; a file that claims more is not copied. */
const largestCopy = 2 ** 30;

/** Symbolic links that are followed to a file. */
const mostLinks = 8;

/** ext2, ext3 and ext4, handled straight in the raw disk: no root, no mount, no loop device. */
export class ExtFileSystem implements VolumeFileSystem {
  readonly #device: ExtDevice;
  readonly #offset: number;

  constructor(
    readonly host: Caller,
    readonly disk: string,
    readonly volume: { readonly offset: number; readonly size?: number },
  ) {
    this.#offset = volume.offset;
    this.#device = { disk, offset: volume.offset };
  }

  static handles(this: void, volume: { readonly fileSystem: string | undefined }): boolean {
    return volume.fileSystem !== undefined && /^ext[234]$/.test(volume.fileSystem);
  }

  /** What removal, zeroing and reading run at most, the removals themselves standing for those that are not known yet. */
  static commands(
    disk: string,
    offset: string,
  ): { readonly clean: Command[]; readonly zero: Command[]; readonly read: Command[] } {
    const device = { disk, offset };
    return {
      clean: [
        fsckCommand('replay', device),
        debugfsCommand(device, [], 'read'),
        debugfsCommand(device, [], 'write'),
        fsckCommand('check', device),
      ],
      zero: [
        fsckCommand('discard', device),
        blockUseCommand(device),
        mapCommand(disk),
        zerofreeCommand(device),
        debugfsCommand(device, ['stat <8>'], 'read'),
        zeroCommand(disk, []),
        renewCommand(device, 'UUID'),
      ],
      read: [debugfsCommand(device, [], 'read')],
    };
  }

  async prepare(): Promise<void> {
    await replayJournal(this.host, this.#device);
  }

  async subvolumes(): Promise<readonly string[]> {
    return Promise.resolve(['/']);
  }

  async present({ mountPoint }: Place, patterns: readonly string[]): Promise<readonly string[]> {
    const entries = await matching(this.host, this.#device, patternsBelow(mountPoint, patterns));
    return entries.map(({ path }) => inSystem(mountPoint, readable(path)));
  }

  async has(path: string): Promise<boolean> {
    return (await this.#entry(path)) !== undefined;
  }

  async names(directory: string, { mountPoint }: Place = rootPlace): Promise<readonly string[]> {
    const inside = below(mountPoint, `${directory}/`);
    if (inside === undefined) return [];
    const entries = await listDirectories(this.host, this.#device, [bytesOf(inside.replace(/(.)\/+$/, '$1'))]);
    return entries.map(({ path }) => readable(posix.basename(path)));
  }

  async copyOut(path: string, to: string, { mountPoint }: Place = rootPlace): Promise<boolean> {
    const inside = below(mountPoint, path);
    const file = inside === undefined ? undefined : await this.#file(bytesOf(inside));
    if (file === undefined) return false;
    if (file.size > largestCopy) throw new Failure(`${path} in the image claims to have ${file.size} bytes`);
    const request = `dump <${file.inode}> ${quotePath(bytesOf(to))}`;
    const { stderr } = await run(this.host, debugfsCommand(this.#device, [request], 'read'));
    const said = complaints(stderr);
    if (said.length > 0) throw new Failure(`${path} could not be read from ${this.#name}: ${said.join('; ')}`);
    return true;
  }

  async *logs({ mountPoint }: Place = rootPlace): AsyncIterable<InstallerLog> {
    const entries = await matching(this.host, this.#device, patternsBelow(mountPoint, installerLogs));
    for (const { path: bytes, size, inode } of entries.filter(({ kind }) => kind === 'file')) {
      const path = inSystem(mountPoint, readable(bytes));
      if (size > longestLog) {
        yield { path, content: `(${size} bytes: too long to be shown)` };
        continue;
      }
      // By its inode: an argument of a program can't have the bytes that are no UTF-8.
      const { stdout } = await run(this.host, extCommand('debugfs', ['-R', `cat <${inode}>`], this.#device));
      yield { path, content: stdout };
    }
  }

  async removeLeftovers({ mountPoint }: Place = rootPlace): Promise<readonly string[]> {
    if (!(await isUnmounted(this.disk, this.#offset))) await this.prepare();
    const leftovers = await matching(this.host, this.#device, patternsBelow(mountPoint, installerLeftovers));
    if (leftovers.length === 0) return [];
    // Before anything is changed, e2fsck tells whether it knows all features of the file system.
    await this.prepare();
    const everything = await walk(this.host, this.#device, leftovers);
    // What is first in its directory goes first: debugfs looks each name up from the beginning.
    const requests = everything
      .toSorted((one, other) => depth(other.path) - depth(one.path))
      .map(({ path, kind }) => `${kind === 'directory' ? 'rmdir' : 'rm'} ${quotePath(path)}`);
    const { stderr } = await run(this.host, debugfsCommand(this.#device, requests, 'write'));
    const said = complaints(stderr);
    if (said.length > 0) {
      throw new Failure(`the installer's leftovers could not be removed from ${this.#name}: ${said.join('; ')}`);
    }
    await checkExt(this.host, this.#device, 'check');
    return leftovers.map(({ path }) => inSystem(mountPoint, readable(path)));
  }

  /**
   * Punches the free blocks out of the disk: they need not be read, nor zeros written. e2fsck does that without a word
   * where it can't, as on a disk that lies on a file system without holes, or on one that it had to fix. So holes are
   * compared with free blocks, and zerofree does what is left. An empty journal is as free as they are.
   */
  async zeroFreeBlocks(): Promise<void> {
    await checkExt(this.host, this.#device, 'discard');
    const [use, holes] = await Promise.all([readBlockUse(this.host, this.#device), readHoles(this.host, this.disk)]);
    if (!covers(holes, this.#onDisk(use.free))) {
      this.host.log.debug(`Not every free block of ${this.#name} could be made a hole: looking at each`);
      await run(this.host, zerofreeCommand(this.#device));
    }
    // A small file, and the target of a short link, stand in the inode, and stay there when the file is removed.
    await zeroExtents(this.host, this.disk, this.#onDisk(use.freeInodes));
    await this.#zeroJournal(use);
    await this.#renewBackups(use);
    // The partition may be longer than the file system, and have held another one before.
    const { size = 0 } = this.volume;
    if (use.end < size) await zeroExtents(this.host, this.disk, this.#onDisk([{ start: use.end, end: size }]));
  }

  async zeroSwapFile(path: string, { mountPoint }: Place = rootPlace): Promise<void> {
    const inside = below(mountPoint, path);
    const file = inside === undefined ? undefined : await this.#file(bytesOf(inside));
    if (file === undefined) return;
    const { blockSize } = await readBlockUse(this.host, this.#device);
    const { inode } = file;
    const [first] = this.#onDisk(await readContentExtents(this.host, this.#device, { inode, blockSize, from: 0 }));
    const from = first && (await swapHeaderLength(this.disk, first.start));
    if (from === undefined) return this.host.log.warn(`${path} in the image is named as swap space, and is none`);
    const content = await readContentExtents(this.host, this.#device, { inode, blockSize, from });
    await zeroExtents(this.host, this.disk, this.#onDisk(content));
  }

  /**
   * The copies of the superblock are only read when it is lost, so nothing notices what stands there. tune2fs writes them
   * again when it sets a UUID, be it the same; the space after them for more group descriptors becomes zeros.
   */
  async #renewBackups({ reserved, uuid }: BlockUse): Promise<void> {
    if (reserved.length === 0 || uuid === undefined) return;
    await zeroExtents(this.host, this.disk, this.#onDisk(reserved));
    const { exitCode, stderr } = await run(this.host, renewCommand(this.#device, uuid), { accept: [1] });
    if (exitCode !== 0)
      this.host.log.debug(`The backups of the superblock of ${this.#name} stay as they are: ${stderr}`);
  }

  async #zeroJournal({ emptyJournal: inode, blockSize }: BlockUse): Promise<void> {
    if (inode === undefined) return;
    const journal = await readContentExtents(this.host, this.#device, { inode, blockSize, from: blockSize });
    await zeroExtents(this.host, this.disk, this.#onDisk(journal));
  }

  async #entry(path: string): Promise<Entry | undefined> {
    const entries = await listDirectories(this.host, this.#device, [posix.dirname(path)]);
    return entries.find((entry) => entry.path === path);
  }

  /** The regular file that a path leads to; every link is followed within the image, whose root is '/'. */
  async #file(path: string, links = mostLinks): Promise<Entry | undefined> {
    const entry = await this.#entry(path);
    if (entry?.kind !== 'link') return entry?.kind === 'file' ? entry : undefined;
    const target = links > 0 ? await linkTarget(this.host, this.#device, path) : undefined;
    return target === undefined ? undefined : this.#file(posix.resolve(posix.dirname(path), target), links - 1);
  }

  #onDisk(extents: readonly Extent[]): Extent[] {
    return extents.map(({ start, end }) => ({ start: start + this.#offset, end: end + this.#offset }));
  }

  get #name(): string {
    return deviceName(this.#device);
  }
}

/** Patterns as they stand below a mount point. */
function patternsBelow(mountPoint: string, patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => below(mountPoint, pattern) ?? []);
}

/** debugfs reports what it could not do, and still exits with 0. */
function complaints(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !/^debugfs \d/.test(line));
}

const depth = (path: string) => path.split('/').length;

function renewCommand(device: ExtDevice, uuid: string): Command {
  return extCommand('tune2fs', ['-U', uuid], device);
}

function zerofreeCommand(device: ExtDevice): Command {
  return extCommand('zerofree', [], device);
}
