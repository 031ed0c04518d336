import { writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { Failure } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import type { Extent } from './extent.js';
import { Fat } from './fat.js';
import { readFatDirectory, type FatDirectory, type FatEntry } from './fat-directory.js';
import { below, inSystem, named, type Place } from './place.js';
import { zeroExtents } from './raw-disk.js';
import type { Stretch } from './volume.js';
import type { InstallerLog, VolumeFileSystem } from './volume-file-system.js';

/** Far more than boot loaders have. */
const mostEntries = 20_000;

/** FAT: the EFI system partition. It is read; no installer leaves anything on it that would have to be removed. */
export class FatFileSystem implements VolumeFileSystem {
  /** @param name what it is on, for messages */
  constructor(
    readonly host: Caller,
    readonly stretch: Stretch,
    readonly name: string,
  ) {}

  async prepare(): Promise<void> {
    await Fat.use(this.stretch, this.name, () => Promise.resolve());
  }

  subvolumes(): Promise<readonly string[]> {
    return Promise.resolve(['/']);
  }

  async present({ mountPoint }: Place, patterns: readonly string[]): Promise<readonly string[]> {
    return (await this.#matching(mountPoint, patterns)).map(({ path }) => path);
  }

  async names(directory: string, { mountPoint }: Place): Promise<readonly string[]> {
    const inside = below(mountPoint, `${directory}/`);
    if (inside === undefined) return [];
    return Fat.use(this.stretch, this.name, async (fat) =>
      ((await directoryAt(fat, inside))?.entries ?? []).map(({ name }) => name),
    );
  }

  async copyOut(path: string, to: string, { mountPoint }: Place): Promise<boolean> {
    const inside = below(mountPoint, path);
    if (inside === undefined) return false;
    return Fat.use(this.stretch, this.name, async (fat) => {
      const directory = await directoryAt(fat, posix.dirname(inside));
      const file = directory?.entries.find(({ name, kind }) => kind === 'file' && same(name, posix.basename(inside)));
      if (file === undefined) return false;
      await writeFile(to, (await fat.read(file.clusters)).subarray(0, file.size));
      return true;
    });
  }

  async *logs(): AsyncIterable<InstallerLog> {}

  removeLeftovers(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  /** The kernel swaps to no file on FAT. */
  zeroSwapFile(): Promise<void> {
    return Promise.resolve();
  }

  /** Also removed entries of directories, and what is in a file's last cluster behind its end. */
  async zeroFreeBlocks(): Promise<void> {
    const unused = await Fat.use(this.stretch, this.name, async (fat) => {
      const found: Extent[] = fat.freeClusters();
      for (const { unused: slots, entries } of await this.#allDirectories(fat)) {
        found.push(...slots);
        for (const entry of entries) if (entry.kind === 'file') found.push(...behindEnd(entry));
      }
      return found;
    });
    await zeroExtents(this.host, this.stretch.file, unused);
  }

  async #allDirectories(fat: Fat): Promise<FatDirectory[]> {
    const found = [await readFatDirectory(fat, fat.rootDirectory())];
    let entries = 0;
    for (const directory of found) {
      entries += directory.entries.length;
      if (entries > mostEntries) {
        throw new Failure(
          `the FAT file system on ${this.name} has more than ${mostEntries} files, or directories in themselves`,
        );
      }
      for (const entry of directory.entries) {
        if (entry.kind === 'directory') found.push(await readFatDirectory(fat, entry.clusters));
      }
    }
    return found;
  }

  async #matching(mountPoint: string, patterns: readonly string[]): Promise<{ path: string; entry: FatEntry }[]> {
    const inside = patterns.flatMap((pattern) => below(mountPoint, pattern) ?? []);
    const parents = [...new Set(inside.map((pattern) => posix.dirname(pattern)))];
    return Fat.use(this.stretch, this.name, async (fat) => {
      const found: { path: string; entry: FatEntry }[] = [];
      for (const parent of parents) {
        for (const entry of (await directoryAt(fat, parent))?.entries ?? []) {
          const path = posix.join(parent, entry.name);
          if (
            named(
              path.toLowerCase(),
              inside.map((pattern) => pattern.toLowerCase()),
            )
          ) {
            found.push({ path: inSystem(mountPoint, path), entry });
          }
        }
      }
      return found;
    });
  }
}

/** Names are the same in small and capital letters. */
const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

async function directoryAt(fat: Fat, path: string): Promise<FatDirectory | undefined> {
  let directory = await readFatDirectory(fat, fat.rootDirectory());
  for (const part of path.split('/').filter((name) => name !== '')) {
    const next = directory.entries.find(({ name, kind }) => kind === 'directory' && same(name, part));
    if (next === undefined) return undefined;
    directory = await readFatDirectory(fat, next.clusters);
  }
  return directory;
}

function behindEnd({ size, clusters }: FatEntry): Extent[] {
  let left = size;
  return clusters.flatMap(({ start, end }) => {
    const used = Math.min(left, end - start);
    left -= used;
    return used < end - start ? [{ start: start + used, end }] : [];
  });
}
