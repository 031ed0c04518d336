import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Log } from '../host/log.js';
import { reasonOf } from '../host/errno.js';
import { writeSynced } from '../host/synced-file.js';
import type { Extent } from '../disk/extent.js';
import type { SourceImage } from './source-image.js';
import type { Target } from './target.js';

/** What of an image is on a device already, after an interruption. */
export interface WriteState {
  /** Changes when the image does. */
  readonly image: string;
  /** The SHA-256 sum of the image, where something beside it says it and it was checked. */
  readonly sum: string | undefined;
  /** The device's identity. */
  readonly target: string;
  /** The slabs that were written and flushed. */
  readonly written: readonly Extent[];
}

/** Beside the image: it is what a later call names again. */
export function stateFile(image: Pick<SourceImage, 'path'>, target: Pick<Target, 'path'>): string {
  const device = target.path.replace(/^\/dev\//, '').replaceAll('/', '-');
  return join(dirname(image.path), `.${basename(image.path)}.${device}.write`);
}

/** Undefined where there is none, or none that can be read. */
export async function readWriteState(file: string): Promise<WriteState | undefined> {
  try {
    // The directory may be another user's: a link in it leads nowhere.
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { image, sum, target, written } = JSON.parse(await handle.readFile('utf8')) as WriteState;
      const isWhole = typeof image === 'string' && typeof target === 'string' && Array.isArray(written);
      return isWhole ? { image, sum, target, written } : undefined;
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** Replaces the state as a whole; where that can't be, it says once that the write can't be resumed. */
export class WriteStateFile {
  #given = false;

  constructor(
    private readonly log: Log,
    readonly file: string,
  ) {}

  async save(state: WriteState): Promise<void> {
    if (this.#given) return;
    const part = `${this.file}.part`;
    try {
      await rm(part, { force: true });
      await writeSynced(part, JSON.stringify(state), 'wx', 0o600);
      await rename(part, this.file);
    } catch (error) {
      this.#given = true;
      this.log.warn(
        `What is written can't be noted in ${this.file} (${reasonOf(error)}): --resume will not be possible`,
      );
    }
  }

  async remove(): Promise<void> {
    await rm(this.file, { force: true });
  }
}
