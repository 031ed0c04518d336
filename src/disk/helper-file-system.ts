import { posix } from 'node:path';
import { Failure } from '../host/failure.js';
import { run, type CommandResult, type Caller } from '../host/host.js';
import { helperCommand, type HelperCall, type HelperDisk } from '../host/sudo-helper.js';
import { named, rootPlace, type Place } from './place.js';
import type { InstallerLog, VolumeFileSystem } from './volume-file-system.js';

/** A file system that only the kernel can read, and so only root: the sudo helper mounts it, for one call at a time. */
export class HelperFileSystem implements VolumeFileSystem {
  readonly #disk: HelperDisk;
  readonly #recorded = new Map<string, readonly string[]>();
  #subvolumes: readonly string[] | undefined;

  /** @param disk with no symbolic link in its path: the helper takes none */
  constructor(
    readonly host: Caller,
    disk: string,
    volume: { readonly offset: number; readonly size: number },
  ) {
    this.#disk = [disk, String(volume.offset), String(volume.size)];
  }

  /** The kernel replays the log of a file system when it mounts it. */
  async prepare(): Promise<void> {
    await this.subvolumes();
  }

  async subvolumes(): Promise<readonly string[]> {
    this.#subvolumes ??= lines(await this.#call(['subvolumes', ...this.#disk]));
    return this.#subvolumes;
  }

  async present(place: Place, patterns: readonly string[]): Promise<readonly string[]> {
    return (await this.#records(place)).filter((path) => named(path, patterns));
  }

  async *logs(place: Place = rootPlace): AsyncIterable<InstallerLog> {
    const { mountPoint, subvolume } = place;
    for (const path of lines(await this.#call(['logs', ...this.#disk, mountPoint, subvolume]))) {
      yield { path, content: (await this.#call(['cat', ...this.#disk, mountPoint, subvolume, path])).stdout };
    }
  }

  async removeLeftovers({ mountPoint, subvolume }: Place = rootPlace): Promise<readonly string[]> {
    return lines(await this.#call(['clean', ...this.#disk, mountPoint, subvolume]));
  }

  /** A swap file with another header than today's, or a link to one, is only warned of. */
  async zeroSwapFile(path: string, { mountPoint, subvolume }: Place = rootPlace): Promise<void> {
    try {
      await this.#call(['wipe', ...this.#disk, mountPoint, subvolume, path]);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.host.log.warn(`What was swapped out to ${path} stays in the image: ${error.message}`);
    }
  }

  async zeroFreeBlocks(): Promise<void> {
    await this.#call(['trim', ...this.#disk]);
  }

  async names(directory: string, place: Place = rootPlace): Promise<readonly string[]> {
    const paths = await this.#records(place);
    return paths.filter((path) => posix.dirname(path) === directory).map((path) => posix.basename(path));
  }

  async copyOut(path: string, to: string, place: Place = rootPlace): Promise<boolean> {
    if (!(await this.#records(place)).includes(path)) return false;
    await this.#call(['read', ...this.#disk, place.mountPoint, place.subvolume, path], { stdoutFile: to });
    return true;
  }

  /** What the helper lets be seen of the installed system. */
  async #records({ mountPoint, subvolume }: Place): Promise<readonly string[]> {
    const key = `${mountPoint} ${subvolume}`;
    const known = this.#recorded.get(key);
    if (known !== undefined) return known;
    const found = [...new Set(lines(await this.#call(['records', ...this.#disk, mountPoint, subvolume])))];
    this.#recorded.set(key, found);
    return found;
  }

  /** @throws Failure that points to the sudoers line, if this user may not call the helper */
  async #call(call: HelperCall, output: { stdoutFile?: string } = {}): Promise<CommandResult> {
    try {
      return await run(this.host, helperCommand(call), output);
    } catch (error) {
      if (!(error instanceof Failure) || process.getuid?.() === 0) throw error;
      throw new Failure(error.message, {
        hint: 'File systems other than ext2, ext3 and ext4 need root: let this user call the sudo helper, see SUDOERS in image-factory-sudo-helper(1).',
        cause: error,
      });
    }
  }
}

function lines({ stdout }: CommandResult): string[] {
  return stdout.split('\n').filter((line) => line !== '');
}
