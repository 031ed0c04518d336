import { posix } from 'node:path';
import { Failure } from '../host/failure.js';
import { command, run, type Command, type CommandResult, type Host } from '../host/host.js';
import { longestLog, type CleanableFileSystem } from './cleanable.js';
import {
  debugfsCommand,
  extDevice,
  linkTarget,
  listDirectories,
  matching,
  quotePath,
  walk,
  type Entry,
} from './ext-directory.js';
import { blockUseCommand, readBlockUse, type BlockUse } from './ext-block-use.js';
import { readJournalExtents, zeroCommand } from './ext-journal.js';
import { covers, type Extent } from './extent.js';
import { installerLeftovers, installerLogs } from './installer-leftovers.js';
import { mapCommand, readHoles } from './raw-disk.js';
import type { ReadableFileSystem } from './readable.js';

/** Bytes: more than any package database has; a file that claims more is not copied. */
const largestCopy = 2 ** 30;

/** What one command line can name, and far more than mkfs makes: one, or one for each 256 KiB on ext3 with small blocks. */
const mostJournalPieces = 2000;

/** Symbolic links that are followed to a file. */
const mostLinks = 8;

/** ext2, ext3 and ext4, handled straight in the raw disk: no root, no mount, no loop device. */
export class ExtFileSystem implements CleanableFileSystem, ReadableFileSystem {
  readonly #device: string;
  readonly #offset: number;

  constructor(
    readonly host: Host,
    readonly disk: string,
    volume: { readonly offset: number },
  ) {
    this.#offset = volume.offset;
    this.#device = extDevice(disk, volume.offset);
  }

  static handles(this: void, volume: { readonly fileSystem: string | undefined }): boolean {
    return volume.fileSystem !== undefined && /^ext[234]$/.test(volume.fileSystem);
  }

  /** What removal, zeroing and reading run at most, the removals themselves standing for those that are not known yet. */
  static commands(
    disk: string,
    offset: string,
  ): { readonly clean: Command[]; readonly zero: Command[]; readonly read: Command[] } {
    const device = `${disk}?offset=${offset}`;
    return {
      clean: [
        replayCommand(device),
        debugfsCommand(device, [], 'read'),
        debugfsCommand(device, [], 'write'),
        checkCommand(device),
      ],
      zero: [
        discardCommand(device),
        blockUseCommand(device),
        mapCommand(disk),
        zerofreeCommand(device),
        debugfsCommand(device, ['stat <8>'], 'read'),
        zeroCommand(disk, []),
      ],
      read: [debugfsCommand(device, [], 'read')],
    };
  }

  async has(path: string): Promise<boolean> {
    return (await this.#entry(path)) !== undefined;
  }

  async names(directory: string): Promise<readonly string[]> {
    const entries = await listDirectories(this.host, this.#device, [directory]);
    return entries.map(({ path }) => posix.basename(path));
  }

  async copyOut(path: string, to: string): Promise<boolean> {
    const file = await this.#file(path);
    if (file === undefined) return false;
    if (file.size > largestCopy) throw new Failure(`${file.path} in the image claims to have ${file.size} bytes`);
    const request = `dump ${quotePath(file.path)} ${quotePath(to)}`;
    const { stderr } = await run(this.host, debugfsCommand(this.#device, [request], 'read'));
    const said = complaints(stderr);
    if (said.length > 0) throw new Failure(`${path} could not be read from ${this.#device}: ${said.join('; ')}`);
    return true;
  }

  async *logs(): AsyncIterable<{ readonly path: string; readonly content: string }> {
    const entries = await matching(this.host, this.#device, installerLogs);
    for (const { path, size } of entries.filter(({ kind }) => kind === 'file')) {
      if (size > longestLog) {
        yield { path, content: `(${size} bytes: too long to be shown)` };
        continue;
      }
      const { stdout } = await run(this.host, command('debugfs', ['-R', `cat ${quotePath(path)}`, this.#device]));
      yield { path, content: stdout };
    }
  }

  async removeLeftovers(): Promise<readonly string[]> {
    await this.#replayJournal();
    const leftovers = await matching(this.host, this.#device, installerLeftovers);
    if (leftovers.length === 0) return [];
    const everything = await walk(this.host, this.#device, leftovers);
    // What is first in its directory goes first: debugfs looks each name up from the beginning.
    const requests = everything
      .toSorted((one, other) => depth(other.path) - depth(one.path))
      .map(({ path, kind }) => `${kind === 'directory' ? 'rmdir' : 'rm'} ${quotePath(path)}`);
    const { stderr } = await run(this.host, debugfsCommand(this.#device, requests, 'write'));
    const said = complaints(stderr);
    if (said.length > 0) {
      throw new Failure(`the installer's leftovers could not be removed from ${this.#device}: ${said.join('; ')}`);
    }
    await this.#check();
    return leftovers.map(({ path }) => path);
  }

  /**
   * Punches the free blocks out of the disk: they need not be read, nor zeros written. e2fsck does that without a word
   * where it can't, as on a disk that lies on a file system without holes, or on one that it had to fix. So holes are
   * compared with free blocks, and zerofree does what is left. An empty journal is as free as they are.
   */
  async zeroFreeBlocks(): Promise<void> {
    this.#judge(await this.#fsck(discardCommand(this.#device)));
    const [use, holes] = await Promise.all([readBlockUse(this.host, this.#device), readHoles(this.host, this.disk)]);
    if (!covers(holes, this.#onDisk(use.free))) {
      this.host.log.debug(`Not every free block of ${this.#device} could be made a hole: looking at each`);
      await run(this.host, zerofreeCommand(this.#device));
    }
    await this.#zeroJournal(use);
  }

  async #zeroJournal({ emptyJournal: inode, blockSize }: BlockUse): Promise<void> {
    if (inode === undefined) return;
    const journal = await readJournalExtents(this.host, this.#device, { inode, blockSize });
    if (journal.length > mostJournalPieces) {
      this.host.log.debug(`The journal of ${this.#device} lies in ${journal.length} pieces, and is left as it is`);
    } else if (journal.length > 0) {
      await run(this.host, zeroCommand(this.disk, this.#onDisk(journal)));
    }
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

  /**
   * Replays the journal, if the guest did not unmount. e2fsck 1.47 replays it, then opens the file system again without
   * its offset, and gives up: then what is left to do is to note that it was replayed, and to check everything.
   */
  async #replayJournal(): Promise<void> {
    const replayed = await this.#fsck(replayCommand(this.#device));
    if (!replayed.stderr.includes('while trying to re-open')) return this.#judge(replayed);
    await run(this.host, debugfsCommand(this.#device, ['feature -needs_recovery'], 'write'));
    await this.#check();
  }

  async #check(): Promise<void> {
    this.#judge(await this.#fsck(checkCommand(this.#device)));
  }

  async #fsck(called: Command): Promise<CommandResult> {
    return run(this.host, called, { accept: Object.keys(fsckVerdicts).map(Number) });
  }

  #judge({ stdout, exitCode }: CommandResult): void {
    const verdict = fsckVerdicts[exitCode];
    if (verdict === undefined) return;
    throw new Failure(`the file system ${this.#device} ${verdict}:\n${stdout.trim()}`, {
      hint: 'The installation left a damaged disk: build the image again, and look at the console log if it stays so.',
    });
  }
}

/** debugfs reports what it could not do, and still exits with 0. */
function complaints(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !/^debugfs \d/.test(line));
}

/** Exit codes of e2fsck(8): 1 is "errors corrected", as after a replayed journal. */
const fsckVerdicts: Readonly<Record<number, string | undefined>> = {
  1: undefined,
  4: 'is damaged',
  8: 'can not be checked',
  12: 'is damaged',
};

/** Replays the journal, if the guest did not unmount; otherwise it looks no further than the superblock. */
function replayCommand(device: string): Command {
  return command('e2fsck', ['-p', device]);
}

/** A whole check, which fixes only what needs no decision. */
function checkCommand(device: string): Command {
  return command('e2fsck', ['-f', '-p', device]);
}

const depth = (path: string) => path.split('/').length;

/** A whole check, and in the end every free block and unused inode is punched out of the disk. */
function discardCommand(device: string): Command {
  return command('e2fsck', ['-f', '-p', '-E', 'discard', device]);
}

function zerofreeCommand(device: string): Command {
  return command('zerofree', [device]);
}
