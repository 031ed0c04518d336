import type { Change, FileEntry, FileTree } from './file-tree.js';
import type { PathPattern } from './path-patterns.js';
import { below } from './place.js';
import { described, type Mount, type System } from './system.js';
import type { Volume } from './volume.js';
import type { InstallerLog, VolumeFileSystem } from './volume-file-system.js';
import type { Volumes } from './volumes.js';

/** The files of an installed system, on whatever volume they lie. */
export class SystemFiles {
  constructor(
    readonly system: System,
    readonly volumes: Volumes,
  ) {}

  /** Every file, directory and link that a pattern names, where the running system would see it. */
  async look(patterns: readonly PathPattern[]): Promise<readonly FileEntry[]> {
    const found: FileEntry[] = [];
    for (const mount of this.#visible()) {
      const entries = await (await this.#tree(mount)).look(mount, patterns);
      for (const entry of entries) if (this.#mountOf(entry.path) === mount) found.push(entry);
    }
    return found;
  }

  /** Copies files that were looked at to this machine. */
  async copy(files: readonly { readonly path: string; readonly to: string }[]): Promise<void> {
    for (const [mount, some] of this.#byMount(files)) await (await this.#tree(mount)).copy(mount, some);
  }

  /** Whether all of these changes can be made on the volumes that they are for. */
  async canChange(changes: readonly Change[]): Promise<boolean> {
    for (const [mount, some] of this.#byMount(changes)) {
      if (!(await this.#tree(mount)).canChange(mount, some)) return false;
    }
    return true;
  }

  /** Makes changes to what was looked at, in this order on each volume. */
  async change(changes: readonly Change[]): Promise<void> {
    for (const [mount, some] of this.#byMount(changes)) await (await this.#tree(mount)).change(mount, some);
  }

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

  /** Makes the files to which the system swaps read as zeros, but for their headers. */
  async zeroSwapFiles(): Promise<void> {
    for (const path of this.system.swapFiles) {
      const mount = this.#mountOf(path);
      await (await this.#fileSystem(mount)).zeroSwapFile(path, mount);
    }
  }

  #byMount<T extends { readonly path: string }>(items: readonly T[]): Map<Mount, T[]> {
    const groups = new Map<Mount, T[]>();
    for (const item of items) {
      const mount = this.#mountOf(item.path);
      groups.set(mount, [...(groups.get(mount) ?? []), item]);
    }
    return groups;
  }

  #visible(): readonly Mount[] {
    return [...this.system.mounts, ...this.#likelyMounts()];
  }

  #places(): readonly Mount[] {
    return [...this.system.mounts, ...this.system.unmounted];
  }

  /** The mount whose mount point is the longest that the path lies below. */
  #mountOf(path: string): Mount {
    const around = this.#visible().filter(({ mountPoint }) => below(mountPoint, path) !== undefined);
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

  #fileSystem({ volume }: Mount): Promise<VolumeFileSystem> {
    return this.volumes.fileSystem(this.#volume(volume));
  }

  #tree({ volume }: Mount): Promise<FileTree> {
    return this.volumes.fileTree(this.#volume(volume));
  }

  #volume(id: string): Volume {
    const volume = this.system.volumes.find((candidate) => candidate.id === id);
    if (volume === undefined) throw new Error(`no volume ${id}`);
    return volume;
  }
}
