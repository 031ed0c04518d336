import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errnoOf, reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import type { ElementPath } from './element-path.js';

/** A directory of hooks, lists and files: diskimage-builder's unit of change. */
export interface Element {
  readonly name: string;
  readonly directory: string;
  /** What `element-deps` names. */
  readonly depends: readonly string[];
  /** What `element-provides` names. */
  readonly provides: readonly string[];
  /** Directories of elements of that name that this one hides. */
  readonly overrides: readonly string[];
}

export type Elements = ReadonlyMap<string, Element>;

/**
 * Every element of the path. One in an earlier directory hides those of its name in later ones, as a whole.
 *
 * @throws UsageError if a directory or a list can't be read
 */
export function readElements({ directories }: Pick<ElementPath, 'directories'>): Elements {
  const found = new Map<string, Element>();
  for (const directory of [...directories].reverse()) {
    for (const entry of readDirectory(directory)) {
      const path = join(directory, entry);
      if (!(statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)) continue;
      // diskimage-builder calls an element by the directory that a link leads to.
      const real = realpathSync(path);
      const name = basename(real);
      if (name === '__pycache__') continue;
      const hidden = found.get(name);
      found.set(name, readElement(name, real, hidden ? [hidden.directory, ...hidden.overrides] : []));
    }
  }
  return found;
}

/** An element in its own directory. */
export function readElement(name: string, directory: string, overrides: readonly string[] = []): Element {
  return {
    name,
    directory,
    depends: namesIn(join(directory, 'element-deps')),
    provides: namesIn(join(directory, 'element-provides')),
    overrides,
  };
}

/** One name a line, without blanks around it. There are no comments: `# x` is a name. */
function namesIn(file: string): string[] {
  const lines = (readIfThere(file) ?? '').split('\n').map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== ''))];
}

/** @returns undefined if there is no such file */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error)?.code ?? '')) return undefined;
    throw new UsageError([`can't read ${file}: ${reasonOf(error)}`]);
  }
}

function readDirectory(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    throw new UsageError([`can't read the elements in ${directory}: ${reasonOf(error)}`]);
  }
}
