import type { Caller } from '../host/host.js';
import type { InstallerLog, VolumeFileSystem } from './volume-file-system.js';
import { below, named } from './place.js';
import { described, type Mount, type System } from './system.js';
import { Volumes } from './volumes.js';

/** The files of an installed system, on whatever volume they lie. */
export class SystemFiles {
  private constructor(
    readonly system: System,
    readonly volumes: Volumes,
  ) {}

  static async of(host: Caller, disk: string, system: System): Promise<SystemFiles> {
    return new SystemFiles(system, await Volumes.of(host, disk));
  }

  /** Names in a directory; none if there is no such directory. */
  async names(directory: string): Promise<readonly string[]> {
    const mount = this.#mountOf(`${directory}/`);
    return this.#fileSystem(mount).names(directory, mount);
  }

  /** Copies a file of the system, by absolute path, to a file of this machine's; says whether there is one. */
  async copyOut(path: string, to: string): Promise<boolean> {
    const mount = this.#mountOf(path);
    return this.#fileSystem(mount).copyOut(path, to, mount);
  }

  /** Which of the paths that patterns name are files that are not empty, or directories. */
  async filled(patterns: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const mount of this.#places()) {
      const visible = patterns.filter((pattern) => this.#mountOf(pattern) === mount);
      if (visible.length > 0) found.push(...(await this.#fileSystem(mount).filled(mount, visible)));
    }
    return found.filter((path) => named(path, patterns));
  }

  async *logs(): AsyncIterable<InstallerLog> {
    for (const mount of this.#places()) {
      for await (const { path, content } of this.#fileSystem(mount).logs(mount)) {
        yield { path: described(this.system, mount, path), content };
      }
    }
  }

  /** Removes what installers leave from every place of the system, also below what is mounted over it. */
  async removeLeftovers(): Promise<readonly string[]> {
    const removed: string[] = [];
    for (const mount of this.#places()) {
      const paths = await this.#fileSystem(mount).removeLeftovers(mount);
      removed.push(...paths.map((path) => described(this.system, mount, path)));
    }
    return removed;
  }

  #places(): readonly Mount[] {
    return [...this.system.mounts, ...this.system.unmounted];
  }

  /** The mount whose mount point is the longest that the path lies below. */
  #mountOf(path: string): Mount {
    const around = [...this.system.mounts, ...this.#likelyMounts()].filter(
      ({ mountPoint }) => below(mountPoint, path) !== undefined,
    );
    const [nearest] = around.toSorted((one, other) => other.mountPoint.length - one.mountPoint.length);
    if (nearest === undefined) throw new Error(`${path} is no absolute path`);
    return nearest;
  }

  /** Other volumes that fstab does not name in a way that can be followed, where one alone looks right for its place. */
  #likelyMounts(): readonly Mount[] {
    const { mounts, unmounted } = this.system;
    const likely = unmounted.filter(({ looksRight }) => looksRight);
    return likely.filter(
      ({ volume, mountPoint }) =>
        !mounts.some((mount) => mount.volume === volume || mount.mountPoint === mountPoint) &&
        likely.filter((other) => other.mountPoint === mountPoint).length === 1,
    );
  }

  #fileSystem({ volume: number }: Mount): VolumeFileSystem {
    const volume = this.system.volumes.find((candidate) => candidate.number === number);
    if (volume === undefined) throw new Error(`no partition ${number}`);
    return this.volumes.fileSystem(volume);
  }
}
