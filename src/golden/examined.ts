import type { FileEntry } from '../disk/file-tree.js';
import { namesPath, type PathPattern } from '../disk/path-patterns.js';

/** What the rules see of a system: the files that they named, as they were when it was read. */
export class Examined {
  readonly #entries: ReadonlyMap<string, FileEntry>;

  constructor(
    entries: readonly FileEntry[],
    /** Content of small files, by path. */
    readonly texts: ReadonlyMap<string, string>,
    /** Where files lie that were copied out, by their path in the system. */
    readonly copies: ReadonlyMap<string, string>,
    readonly disk: ExaminedDisk,
  ) {
    this.#entries = new Map(entries.map((entry) => [entry.path, entry]));
  }

  /** What some patterns name, in the order of its paths. */
  matching(patterns: readonly PathPattern[]): readonly FileEntry[] {
    return [...this.#entries.values()]
      .filter(({ path }) => namesPath(patterns, path))
      .toSorted((one, other) => (one.path < other.path ? -1 : 1));
  }

  /** Files that are not empty; an empty one tells nothing. */
  files(patterns: readonly PathPattern[]): readonly string[] {
    return this.matching(patterns).flatMap(({ kind, size, path }) => (kind === 'file' && size > 0 ? [path] : []));
  }

  /** Whether one of these is there: a file, a directory or a link. */
  hasAny(...patterns: readonly PathPattern[]): boolean {
    return this.matching(patterns).length > 0;
  }

  /** Lines of the small files that patterns name; those that are empty or begin with a `#` don't count. */
  lines(patterns: readonly PathPattern[]): readonly Line[] {
    return this.files(patterns).flatMap((path) =>
      (this.texts.get(path) ?? '').split('\n').flatMap((line, index) => {
        const text = line.trim();
        return text === '' || text.startsWith('#') ? [] : [{ path, number: index + 1, text }];
      }),
    );
  }
}

export interface Line {
  readonly path: string;
  readonly number: number;
  readonly text: string;
}

/** What is known of the disk beside its files. */
export interface ExaminedDisk {
  /** The UUID of the file system, or swap space, that a device of `fstab` is; undefined where it is none of this disk. */
  uuidOf(device: string): string | undefined;
  /** Swap partitions in which memory may stand that was swapped out, as people call them. */
  readonly usedSwap: readonly string[];
}
