import { Failure } from '../../host/failure.js';
import type { Dialect } from '../store.js';
import { readable } from '../tree-entry.js';
import type { ArchiveLimits } from './archive-limits.js';
import type { ListedEntry } from './archive-listing.js';

/** Which whiteouts an archive has, and what it says of directories: all that is to be done when it is unpacked. */
export interface ArchiveNotes {
  /** Files that stand for whiteouts: the OCI image specification's `.wh.NAME`. */
  readonly whiteouts: readonly { readonly directory: string; readonly name: string }[];
  /** Directories with the OCI image specification's `.wh..wh..opq`. */
  readonly opaque: readonly string[];
  /** What aufs kept for itself in old images. */
  readonly useless: readonly string[];
  /** Directories that the archive has something in, without an entry of their own; a directory before what is in it. */
  readonly implied: readonly string[];
  /** Whether any entry has extended attributes. */
  readonly hasAttributes: boolean;
}

/** What stands before the name of an entry that is hidden, in OCI layers. */
export const whiteoutPrefix = '.wh.';

const opaqueMarker = '.wh..wh..opq';

/**
 * Looks at each entry of an archive while it is unpacked, and throws for one that no honest layer has. It does not make
 * unpacking safe: tar itself never writes outside its directory. It makes it stop, and say why.
 */
export class ArchiveGuard {
  #count = 0;
  #size = 0;
  #hasAttributes = false;
  readonly #files = new Set<string>();
  readonly #links = new Set<string>();
  /** Whether each directory has an entry of its own. */
  readonly #directories = new Map<string, boolean>([['', false]]);
  readonly #whiteouts: { directory: string; name: string }[] = [];
  readonly #opaque: string[] = [];
  readonly #useless: string[] = [];

  /** @param what the archive, for messages */
  constructor(
    private readonly what: string,
    private readonly dialect: Dialect,
    private readonly limits: ArchiveLimits,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** @throws Failure that names the entry */
  take(entry: ListedEntry): void {
    this.#count++;
    this.#size += entry.size;
    this.#expectWithinLimits();
    this.#hasAttributes ||= entry.hasAttributes;
    const path = this.#path(entry.name, entry.name);
    const slash = path.lastIndexOf('/');
    const [directory, name] = slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
    if (path !== '') this.#enter(directory, entry);
    this.#place(path, entry);
    if (name.startsWith(whiteoutPrefix)) this.#takeWhiteout(directory, name, path, entry);
  }

  /** @throws Failure if nothing was in the archive */
  notes(): ArchiveNotes {
    return {
      whiteouts: this.#whiteouts,
      opaque: this.#opaque,
      useless: this.#useless,
      implied: [...this.#directories].filter(([, listed]) => !listed).map(([path]) => path),
      hasAttributes: this.#hasAttributes,
    };
  }

  /** @throws Failure that says which limit was passed */
  expectSize(bytes: number): void {
    this.#size = Math.max(this.#size, bytes);
    this.#expectWithinLimits();
  }

  #expectWithinLimits(): void {
    const { entries, size } = this.limits;
    if (this.#count > entries) {
      throw new Failure(`${this.what}: more than ${entries} entries`, {
        hint: 'If you trust it, raise the limit with --max-entries.',
      });
    }
    if (this.#size > size) {
      throw new Failure(`${this.what}: more than ${size} bytes when unpacked`, {
        hint: 'If you trust it, raise the limit with --max-size.',
      });
    }
  }

  #path(name: string, entry: string): string {
    if (name.startsWith('/')) throw this.#refused(entry, 'an absolute path would leave the tree');
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw this.#refused(entry, "a path with '..' would leave the tree");
    return parts.join('/');
  }

  /** Sees to the directories above an entry. */
  #enter(directory: string, { name }: ListedEntry): void {
    if (this.#directories.has(directory)) return;
    for (let end = directory.indexOf('/'); ; end = directory.indexOf('/', end + 1)) {
      const above = end < 0 ? directory : directory.slice(0, end);
      if (this.#links.has(above)) {
        throw this.#refused(name, `its path goes through the symbolic link ${readable(above)}`);
      }
      if (this.#files.has(above)) throw this.#refused(name, `${readable(above)} is no directory`);
      if (!this.#directories.has(above)) this.#directories.set(above, false);
      if (end < 0) return;
    }
  }

  #place(path: string, entry: ListedEntry): void {
    const { type, target = '', device, name } = entry;
    if (type === 'dir') {
      if (this.#files.has(path)) throw this.#refused(name, 'it is in the archive twice');
      this.#directories.set(path, true);
      return;
    }
    if (path === '') throw this.#refused(name, 'the root of a tree is a directory');
    if (this.#files.has(path) || this.#directories.has(path)) throw this.#refused(name, 'it is in the archive twice');
    this.#files.add(path);
    if (type === 'link') this.#links.add(path);
    if (type === 'hard link' && !this.#files.has(this.#path(target, name))) {
      throw this.#refused(name, `a hard link to ${readable(target)}, which is not in the archive before it`);
    }
    const isWhiteout = type === 'char' && device?.major === 0 && device.minor === 0;
    if ((type === 'char' || type === 'block') && !isWhiteout && this.dialect === 'user') {
      throw this.#refused(name, 'a device, and only root can make one', {
        hint: 'Import it as root, or make an archive without devices: a system makes those of /dev when it starts.',
      });
    }
    if (type === 'other') throw this.#refused(name, 'not a file, directory, link or device');
  }

  #takeWhiteout(directory: string, name: string, path: string, entry: ListedEntry): void {
    if (entry.type !== 'file' && entry.type !== 'hard link') {
      if (name.startsWith('.wh..wh.') && name !== opaqueMarker) return void this.#useless.push(path);
      throw this.#refused(entry.name, 'a whiteout is an empty file');
    }
    if (name === opaqueMarker) return void this.#opaque.push(directory);
    if (name.startsWith('.wh..wh.')) return void this.#useless.push(path);
    const hidden = name.slice(whiteoutPrefix.length);
    if (['', '.', '..'].includes(hidden)) {
      const where = directory === '' ? 'the root of the tree' : readable(directory);
      throw this.#refused(entry.name, `a whiteout that hides no name in ${where}`);
    }
    this.#whiteouts.push({ directory, name: hidden });
  }

  #refused(name: string, why: string, { hint }: { hint?: string } = {}): Failure {
    return new Failure(`${this.what}: entry ${readable(name)}: ${why}`, { hint });
  }
}
