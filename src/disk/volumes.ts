import { realpath, rm } from 'node:fs/promises';
import type { Caller } from '../host/host.js';
import { ExtFileSystem } from './ext-file-system.js';
import { ExtTree } from './ext-tree.js';
import { FatFileSystem } from './fat-file-system.js';
import { FatTree } from './fat-tree.js';
import type { FileTree } from './file-tree.js';
import { HelperFileSystem } from './helper-file-system.js';
import { HelperTree } from './helper-tree.js';
import { carryBack, putTogether } from './scattered-volume.js';
import { called, type Stretch, type Volume } from './volume.js';
import type { VolumeFileSystem } from './volume-file-system.js';
import { holdsFiles } from './volume-kinds.js';

/** The volumes of a disk and their file systems: each handled where it lies, or in a copy where it lies in several places. */
export class Volumes {
  readonly #fileSystems = new Map<string, VolumeFileSystem>();
  readonly #trees = new Map<string, FileTree>();
  readonly #copies = new Map<string, { readonly volume: Volume; readonly stretch: Stretch }>();

  private constructor(
    readonly host: Caller,
    readonly disk: string,
    /** The same disk, with no symbolic link in its path. */
    private readonly realDisk: string,
  ) {}

  /**
   * Has something done with the volumes of a disk. Afterwards, what changed in copies is in the disk, and the copies are
   * gone; if it fails, they are gone, and the volumes that were copied are as they were.
   */
  static async use<T>(host: Caller, disk: string, action: (volumes: Volumes) => Promise<T>): Promise<T> {
    const volumes = new Volumes(host, disk, await realpath(disk));
    try {
      const result = await action(volumes);
      await volumes.#carryBack();
      return result;
    } finally {
      await volumes.#removeCopies();
    }
  }

  /** Where the bytes of a volume lie without a break. */
  async stretch(volume: Volume): Promise<Stretch> {
    const [{ start }, ...others] = volume.extents;
    if (others.length === 0) return { file: this.disk, offset: start, size: volume.size };
    const known = this.#copies.get(volume.id);
    if (known !== undefined) return known.stretch;
    const stretch = { file: `${this.disk}.volume-${this.#copies.size + 1}`, offset: 0, size: volume.size };
    this.host.log.debug(`Putting the ${volume.extents.length} parts of ${called(volume)} together in ${stretch.file}`);
    this.#copies.set(volume.id, { volume, stretch });
    await putTogether(this.host, this.disk, volume, stretch.file);
    return stretch;
  }

  async fileSystem(volume: Volume): Promise<VolumeFileSystem> {
    if (!holdsFiles(volume)) throw new Error(`no file system on ${called(volume)}`);
    const known = this.#fileSystems.get(volume.id);
    if (known !== undefined) return known;
    const opened = this.#open(volume, await this.stretch(volume));
    this.#fileSystems.set(volume.id, opened);
    return opened;
  }

  /** Its files, for who looks for many of them at once. */
  async fileTree(volume: Volume): Promise<FileTree> {
    const known = this.#trees.get(volume.id);
    if (known !== undefined) return known;
    const opened = this.#openTree(volume, await this.stretch(volume));
    this.#trees.set(volume.id, opened);
    return opened;
  }

  #openTree(volume: Volume, stretch: Stretch): FileTree {
    if (ExtFileSystem.handles(volume)) return new ExtTree(this.host, { disk: stretch.file, offset: stretch.offset });
    if (volume.fileSystem === 'vfat') return new FatTree(this.host, stretch, called(volume));
    return new HelperTree(this.host, this.#real(stretch), stretch);
  }

  /** The helper takes no symbolic link in a path. */
  #real({ file }: Stretch): string {
    return file.replace(this.disk, () => this.realDisk);
  }

  #open(volume: Volume, stretch: Stretch): VolumeFileSystem {
    if (ExtFileSystem.handles(volume)) return new ExtFileSystem(this.host, stretch.file, stretch);
    if (volume.fileSystem === 'vfat') return new FatFileSystem(this.host, stretch, called(volume));
    return new HelperFileSystem(this.host, this.#real(stretch), stretch);
  }

  async #carryBack(): Promise<void> {
    for (const { volume, stretch } of this.#copies.values()) {
      await carryBack(this.host, this.disk, volume, stretch.file);
    }
  }

  async #removeCopies(): Promise<void> {
    for (const { stretch } of this.#copies.values()) await rm(stretch.file, { force: true });
  }
}
