import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Element } from './element.js';
import type { ElementFinding } from './finding.js';
import { environmentDirectory, environmentName, hookName, inHookOrder, phaseNames } from './phases.js';

/** A file or directory of an element, and where it comes to lie in the directory of hooks. */
export interface MergedEntry {
  readonly element: string;
  readonly source: string;
  /** The directory among the hooks; empty for a file at the top. */
  readonly directory: string;
  readonly name: string;
}

/** All that elements bring, as one directory of hooks. */
export interface MergedHooks {
  readonly entries: readonly MergedEntry[];
  readonly findings: readonly ElementFinding[];
}

/** Directories of an element that are for its developers. */
const leftOut = new Set(['tests', '__pycache__']);

/**
 * Merges the elements' directories as diskimage-builder does: two files of one name in one directory are an error; files
 * at the top overwrite each other. Names that begin with a dot are left out.
 */
export function mergeHooks(elements: readonly Element[]): MergedHooks {
  const entries = new Map<string, MergedEntry>();
  const findings: ElementFinding[] = [];
  const add = (entry: MergedEntry) => {
    const key = join(entry.directory, entry.name);
    const other = entries.get(key);
    if (other && entry.directory !== '' && isFile(other.source)) findings.push(duplicate(entry, other));
    // Directories in directories are merged, and the later element's files overwrite the earlier one's.
    if (other && !isFile(other.source)) entries.set(`${key}\0${entry.element}`, entry);
    else entries.set(key, entry);
  };
  for (const { name: element, directory } of elements) {
    for (const name of visibleNames(directory)) {
      const source = join(directory, name);
      if (isFile(source)) {
        if (!name.endsWith('.pyc')) add({ element, source, directory: '', name });
      } else if (isDirectory(source) && !leftOut.has(name)) {
        for (const each of visibleNames(source)) {
          add({ element, source: join(source, each), directory: name, name: each });
        }
      }
    }
  }
  return { entries: [...entries.values()], findings };
}

function duplicate(entry: MergedEntry, other: MergedEntry): ElementFinding {
  return {
    weight: 'error',
    element: entry.element,
    file: entry.source,
    message: `duplicated hook: element '${other.element}' has ${other.source} as well, and one directory holds both; leave one of the elements out, or rename one of the files`,
  };
}

/** The hooks of a phase that dib-run-parts runs, in its order. */
export function hooksOf(hooks: MergedHooks, phase: string): MergedEntry[] {
  return hooks.entries
    .filter(({ directory, name, source }) => directory === phase && hookName.test(name) && isExecutableFile(source))
    .sort((one, other) => inHookOrder(one.name, other.name));
}

/** The files that are sourced before each phase, in their order: that of text, as `sort -n` sorts whole paths. */
export function environmentOf(hooks: MergedHooks): MergedEntry[] {
  return hooks.entries
    .filter(
      ({ directory, name, source }) =>
        directory === environmentDirectory && environmentName.test(name) && isFile(source),
    )
    .sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)));
}

/** The phases that have a hook, with these. */
export function runPhases(hooks: MergedHooks): { phase: string; hooks: MergedEntry[] }[] {
  return phaseNames.map((phase) => ({ phase, hooks: hooksOf(hooks, phase) })).filter((each) => each.hooks.length > 0);
}

export function visibleNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => !name.startsWith('.'))
    .sort();
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Whether it is a file, or a link to one, that anyone may execute. */
export function isExecutableFile(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.isFile() && (found.mode & 0o111) !== 0;
}
