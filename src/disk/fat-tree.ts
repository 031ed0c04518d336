import { writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { Failure } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import type { Extent } from './extent.js';
import { Fat } from './fat.js';
import { readFatDirectory, type FatEntry } from './fat-directory.js';
import type { Change, FileEntry, FileTree } from './file-tree.js';
import { namesPath, type PathPattern } from './path-patterns.js';
import { below, inSystem, type Place } from './place.js';
import type { Stretch } from './volume.js';

/** Far more than boot loaders have. */
const mostEntries = 20_000;

/** The files of a FAT file system, such as an EFI system partition's, without root. Small and capital letters are the same. */
export class FatTree implements FileTree {
  readonly #known = new Map<string, FatEntry>();

  /** @param name what it is on, for messages */
  constructor(
    readonly host: Caller,
    readonly stretch: Stretch,
    readonly name: string,
  ) {}

  /** FAT knows no permissions, owners or links. */
  async look({ mountPoint }: Place, patterns: readonly PathPattern[]): Promise<readonly FileEntry[]> {
    const wanted = patterns.map((pattern) => pattern.toLowerCase());
    const found: FileEntry[] = [];
    await Fat.use(this.stretch, this.name, async (fat) => {
      const directories: { path: string; clusters: readonly Extent[] }[] = [
        { path: '', clusters: fat.rootDirectory() },
      ];
      let count = 0;
      for (const directory of directories) {
        const { entries } = await readFatDirectory(fat, directory.clusters);
        count += entries.length;
        if (count > mostEntries)
          throw new Failure(`the FAT file system on ${this.name} has more than ${mostEntries} files`);
        for (const entry of entries) {
          const inside = `${directory.path}/${entry.name}`;
          const path = inSystem(mountPoint, inside);
          const { kind } = entry;
          if (kind === 'directory') directories.push({ path: inside, clusters: entry.clusters });
          if (!namesPath(wanted, path.toLowerCase())) continue;
          this.#known.set(path, entry);
          found.push({ path, kind, size: kind === 'file' ? entry.size : 0, mode: 0o644 });
        }
      }
    });
    return found;
  }

  async copy(_place: Place, files: readonly { readonly path: string; readonly to: string }[]): Promise<void> {
    await Fat.use(this.stretch, this.name, async (fat) => {
      for (const { path, to } of files) {
        const entry = this.#known.get(path);
        if (entry === undefined) throw new Error(`${path} was not looked at`);
        await writeFile(to, (await fat.read(entry.clusters)).subarray(0, entry.size));
      }
    });
  }

  canChange(_place: Place, changes: readonly Change[]): boolean {
    return changes.every(({ kind }) => kind === 'remove');
  }

  /** mtools takes `IMAGE@@BYTES`; without the variable it refuses a file system whose size is no multiple of its tracks. */
  async change({ mountPoint }: Place, changes: readonly Change[]): Promise<void> {
    const { file, offset } = this.stretch;
    for (const { path } of changes) {
      const args = ['-i', `${file}@@${offset}`, `::${posix.normalize(below(mountPoint, path) ?? '/')}`];
      await run(this.host, command('mdel', args, { env: { MTOOLS_SKIP_CHECK: '1' } }));
    }
  }
}
