import type { InstallerLog, VolumeFileSystem } from './volume-file-system.js';
import { below, named } from './place.js';
import { described, type Mount, type System } from './system.js';
import type { Volumes } from './volumes.js';

/** The files of an installed system, on whatever volume they lie. */
export class SystemFiles {
  constructor(
    readonly system: System,
    readonly volumes: Volumes,
  ) {}

  /** Names in a directory; none if there is no such directory. */
  async names(directory: string): Promise<readonly string[]> {
    const mount = this.#mountOf(`${directory}/`);
    return (await this.#fileSystem(mount)).names(directory, mount);
  }

  /** Copies a file of the system, by absolute path, to a file of this machine's; says whether there is one. */
  async copyOut(path: string, to: string): Promise<boolean> {
    const mount = this.#mountOf(path);
    return (await this.#fileSystem(mount)).copyOut(path, to, mount);
  }

  /** Which of the paths that patterns name are files that are not empty, or directories. */
  async filled(patterns: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const mount of this.#places()) {
      const visible = patterns.filter((pattern) => this.#mountOf(pattern) === mount);
      if (visible.length > 0) found.push(...(await (await this.#fileSystem(mount)).filled(mount, visible)));
    }
    return found.filter((path) => named(path, patterns));
  }

  async *logs(): AsyncIterable<InstallerLog> {
    for (const mount of this.#places()) {
      for await (const { path, content } of (await this.#fileSystem(mount)).logs(mount)) {
        yield { path: described(this.system, mount, path), content };
      }
    }
  }

  /** Removes what installers leave from every place of the system, also below what is mounted over it. */
  async removeLeftovers(): Promise<readonly string[]> {
    const removed: string[] = [];
    for (const mount of this.#places()) {
      const paths = await (await this.#fileSystem(mount)).removeLeftovers(mount);
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

  async #fileSystem({ volume: id }: Mount): Promise<VolumeFileSystem> {
    const volume = this.system.volumes.find((candidate) => candidate.id === id);
    if (volume === undefined) throw new Error(`no volume ${id}`);
    return this.volumes.fileSystem(volume);
  }
}
