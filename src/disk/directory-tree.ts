import { copyFile, chmod, lstat, mkdir, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Change, FileEntry } from './file-tree.js';
import { patternsBelowRoot, stepDown, type PathPattern, type PatternsBelow } from './path-patterns.js';

/** The files of a system that lies in a directory of this machine. A symbolic link is never followed. */
export class DirectoryTree {
  /** @param root the system's root directory */
  constructor(readonly root: string) {}

  /** Every file, directory and link that a pattern names. */
  async look(patterns: readonly PathPattern[]): Promise<readonly FileEntry[]> {
    const found: FileEntry[] = [];
    await this.#look('', patternsBelowRoot(patterns), found);
    return found;
  }

  async #look(directory: string, patterns: PatternsBelow, found: FileEntry[]): Promise<void> {
    if (patterns.length === 0) return;
    for (const name of (await readdir(join(this.root, directory)).catch(() => [])).sort()) {
      const { named, below } = stepDown(patterns, name);
      if (!named && below.length === 0) continue;
      const path = `${directory}/${name}`;
      const stats = await lstat(join(this.root, path)).catch(() => undefined);
      if (stats === undefined) continue;
      const kind = stats.isDirectory()
        ? 'directory'
        : stats.isFile()
          ? 'file'
          : stats.isSymbolicLink()
            ? 'link'
            : 'other';
      const size = kind === 'directory' ? 0 : stats.size;
      if (named) found.push({ path, kind, size, mode: stats.mode & 0o7777 });
      if (kind === 'directory') await this.#look(path, below, found);
    }
  }

  /** Copies files that were looked at to other places of this machine. */
  async copy(files: readonly { readonly path: string; readonly to: string }[]): Promise<void> {
    for (const { path, to } of files) await copyFile(join(this.root, path), to);
  }

  canChange(): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** Makes changes to what was looked at, in this order. */
  async change(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      if (await this.#leadsAway(change.path)) continue;
      await this.#change(change, join(this.root, change.path));
    }
  }

  async #change(change: Change, here: string): Promise<void> {
    switch (change.kind) {
      case 'remove':
        return rm(here, { recursive: true, force: true });
      case 'empty':
        return truncate(here);
      case 'mode':
        return chmod(here, change.mode);
      case 'link':
        await rm(here, { force: true });
        await mkdir(dirname(here), { recursive: true });
        return symlink(change.target, here);
      case 'write': {
        const there = await lstat(here).catch(() => undefined);
        if (there?.isSymbolicLink()) await rm(here);
        await mkdir(dirname(here), { recursive: true });
        return writeFile(here, change.content, { mode: 0o644 });
      }
    }
  }

  /** Whether a directory above a path is a symbolic link: what it leads to was not looked at. */
  async #leadsAway(path: string): Promise<boolean> {
    const names = path.split('/').slice(1, -1);
    for (const [index] of names.entries()) {
      const above = join(this.root, ...names.slice(0, index + 1));
      if ((await lstat(above).catch(() => undefined))?.isSymbolicLink()) return true;
    }
    return false;
  }
}
