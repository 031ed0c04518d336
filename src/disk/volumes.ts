import { realpath } from 'node:fs/promises';
import type { Caller } from '../host/host.js';
import { ExtFileSystem } from './ext-file-system.js';
import { HelperFileSystem } from './helper-file-system.js';
import type { Volume } from './partition-table.js';
import type { VolumeFileSystem } from './volume-file-system.js';
import { holdsLinux } from './volume-kinds.js';

/** The file systems on a disk: handled in the raw disk where that is possible, else by the sudo helper. */
export class Volumes {
  readonly #fileSystems = new Map<number, VolumeFileSystem>();

  private constructor(
    readonly host: Caller,
    readonly disk: string,
    /** The same disk, with no symbolic link in its path. */
    readonly realDisk: string,
  ) {}

  static async of(host: Caller, disk: string): Promise<Volumes> {
    return new Volumes(host, disk, await realpath(disk));
  }

  fileSystem(volume: Volume): VolumeFileSystem {
    if (!holdsLinux(volume)) throw new Error(`no Linux file system on partition ${volume.number}`);
    const known = this.#fileSystems.get(volume.number);
    if (known !== undefined) return known;
    const opened = ExtFileSystem.handles(volume)
      ? new ExtFileSystem(this.host, this.disk, volume)
      : new HelperFileSystem(this.host, this.realDisk, volume);
    this.#fileSystems.set(volume.number, opened);
    return opened;
  }
}
