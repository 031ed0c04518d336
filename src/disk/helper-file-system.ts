import { Failure } from '../host/failure.js';
import { run, type CommandResult, type Host } from '../host/host.js';
import { helperCommand, type HelperCall } from '../host/sudo-helper.js';
import type { CleanableFileSystem } from './cleanable.js';

/** A file system that only the kernel can read, and so only root: the sudo helper mounts it, for one call at a time. */
export class HelperFileSystem implements CleanableFileSystem {
  readonly #place: readonly [disk: string, offset: string, size: string];

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

  /** @throws Failure that points to the sudoers line, if this user may not call the helper */
  async #call(call: HelperCall): Promise<CommandResult> {
    try {
      return await run(this.host, helperCommand(call));
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
