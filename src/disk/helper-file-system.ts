import { posix } from 'node:path';
import { Failure } from '../host/failure.js';
import { run, type CommandResult, type Host } from '../host/host.js';
import { helperCommand, type HelperCall } from '../host/sudo-helper.js';
import type { CleanableFileSystem } from './cleanable.js';
import type { ReadableFileSystem } from './readable.js';

/** Subvolumes of a btrfs in which the helper looks for a system. */
const systemSubvolume = /^(@|@rootfs|root)\/(?=(etc|usr|var|boot)\/)/;

/** A file system that only the kernel can read, and so only root: the sudo helper mounts it, for one call at a time. */
export class HelperFileSystem implements CleanableFileSystem, ReadableFileSystem {
  readonly #place: readonly [disk: string, offset: string, size: string];
  #listed: readonly { readonly name: string; readonly path: string }[] | undefined;

  constructor(
    readonly host: Host,
    disk: string,
    volume: { readonly offset: number; readonly size: number },
  ) {
    this.#place = [disk, String(volume.offset), String(volume.size)];
  }

  async *logs(): AsyncIterable<{ readonly path: string; readonly content: string }> {
    for (const path of lines(await this.#call(['logs', ...this.#place]))) {
      yield { path: `/${path}`, content: (await this.#call(['cat', ...this.#place, path])).stdout };
    }
  }

  async removeLeftovers(): Promise<readonly string[]> {
    return lines(await this.#call(['clean', ...this.#place])).map((path) => `/${path}`);
  }

  async zeroFreeBlocks(): Promise<void> {
    await this.#call(['trim', ...this.#place]);
  }

  async names(directory: string): Promise<readonly string[]> {
    return (await this.#records())
      .filter(({ path }) => posix.dirname(path) === directory)
      .map(({ path }) => posix.basename(path));
  }

  async copyOut(path: string, to: string): Promise<boolean> {
    const record = (await this.#records()).find((candidate) => candidate.path === path);
    if (record === undefined) return false;
    await this.#call(['read', ...this.#place, record.name], { stdoutFile: to });
    return true;
  }

  /** What the helper lets be seen of the installed system, by the name that the helper has for it. */
  async #records(): Promise<readonly { readonly name: string; readonly path: string }[]> {
    this.#listed ??= lines(await this.#call(['records', ...this.#place])).map((name) => ({
      name,
      path: `/${name.replace(systemSubvolume, '')}`,
    }));
    return this.#listed;
  }

  /** @throws Failure that points to the sudoers line, if this user may not call the helper */
  async #call(call: HelperCall, output: { stdoutFile?: string } = {}): Promise<CommandResult> {
    try {
      return await run(this.host, helperCommand(call), output);
    } catch (error) {
      if (!(error instanceof Failure) || process.getuid?.() === 0) throw error;
      throw new Failure(error.message, {
        hint: 'File systems other than ext2, ext3 and ext4 are handled by root: let this user call the helper, see SUDOERS in image-factory-sudo-helper(1).',
        cause: error,
      });
    }
  }
}

function lines({ stdout }: CommandResult): string[] {
  return stdout.split('\n').filter((line) => line !== '');
}
