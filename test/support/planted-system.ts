import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { Change, FileEntry } from '../../src/disk/file-tree.js';
import { namesPath } from '../../src/disk/path-patterns.js';
import { Examined } from '../../src/golden/examined.js';
import type { Rule } from '../../src/golden/rule.js';

/** A file by its content, a link by where it leads, or a directory. */
export type Planted =
  | string
  | Buffer
  | { readonly mode: number; readonly content: string }
  | { readonly link: string }
  | { readonly directory: number };

export type PlantedSystem = Readonly<Record<string, Planted>>;

/** A system of some files as one rule sees it: only what it looks for is there, and only what it reads has content. */
export function seenBy(
  rule: Rule,
  system: PlantedSystem,
  scratch: string,
  disk: { readonly uuids?: Readonly<Record<string, string>>; readonly usedSwap?: readonly string[] } = {},
): Examined {
  const entries = entriesOf(system).filter(({ path }) => namesPath(rule.looks, path));
  const texts = new Map<string, string>();
  const copies = new Map<string, string>();
  for (const [index, { path, kind }] of entries.entries()) {
    if (kind !== 'file') continue;
    const content = contentOf(system[path] ?? '');
    if (namesPath(rule.reads ?? [], path)) texts.set(path, content.toString());
    if (!namesPath(rule.copies ?? [], path)) continue;
    const copy = join(scratch, `copy-${index}`);
    writeFileSync(copy, content);
    copies.set(path, copy);
  }
  const { uuids = {}, usedSwap = [] } = disk;
  return new Examined(entries, texts, copies, { uuidOf: (device) => uuids[device], usedSwap });
}

function entriesOf(system: PlantedSystem): FileEntry[] {
  const directories = new Map<string, FileEntry>();
  const files = Object.entries(system).map(([path, planted]): FileEntry => {
    for (let above = posix.dirname(path); above !== '/'; above = posix.dirname(above)) {
      directories.set(above, { path: above, kind: 'directory', size: 0, mode: 0o755 });
    }
    if (isObject(planted) && 'link' in planted) return { path, kind: 'link', size: planted.link.length, mode: 0o777 };
    if (isObject(planted) && 'directory' in planted)
      return { path, kind: 'directory', size: 0, mode: planted.directory };
    const mode = isObject(planted) ? planted.mode : 0o644;
    return { path, kind: 'file', size: contentOf(planted).length, mode };
  });
  for (const { path } of files) directories.delete(path);
  return [...directories.values(), ...files];
}

const isObject = (planted: Planted): planted is Exclude<Planted, string | Buffer> =>
  typeof planted !== 'string' && !Buffer.isBuffer(planted);

function contentOf(planted: Planted): Buffer {
  if (!isObject(planted)) return Buffer.from(planted);
  return Buffer.from('content' in planted ? planted.content : '');
}

/** The system after changes to its files. */
export function changed(system: PlantedSystem, changes: readonly Change[]): PlantedSystem {
  const after: Record<string, Planted> = { ...system };
  for (const change of changes) {
    const { path } = change;
    if (change.kind === 'remove') {
      for (const each of Object.keys(after)) if (each === path || each.startsWith(`${path}/`)) delete after[each];
    } else if (change.kind === 'empty') after[path] = '';
    else if (change.kind === 'write') after[path] = change.content;
    else if (change.kind === 'link') after[path] = { link: change.target };
    else after[path] = { mode: change.mode, content: contentOf(after[path] ?? '').toString() };
  }
  return after;
}

/** Puts the files of a system below a directory. */
export function plant(root: string, system: PlantedSystem): void {
  for (const [path, planted] of Object.entries(system)) {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    if (isObject(planted) && 'link' in planted) symlinkSync(planted.link, at);
    else if (isObject(planted) && 'directory' in planted) {
      mkdirSync(at, { recursive: true });
      chmodSync(at, planted.directory);
    } else {
      writeFileSync(at, contentOf(planted));
      if (isObject(planted)) chmodSync(at, planted.mode);
    }
  }
}

/** Some systems in one: files that several have hold the lines of all. */
export function together(systems: readonly PlantedSystem[]): PlantedSystem {
  const all: Record<string, Planted> = {};
  for (const [path, planted] of systems.flatMap((system) => Object.entries(system))) {
    const before = all[path];
    all[path] =
      before === undefined || isObject(planted) ? planted : Buffer.concat([contentOf(before), contentOf(planted)]);
  }
  return all;
}

/** An archive in the format "newc" of cpio(5), with empty files of these names. */
export function cpioArchive(names: readonly string[]): Buffer {
  const entries = [...names, 'TRAILER!!!'].map((name) => {
    const fields = [1, 0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, name.length + 1, 0];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
    return head.padEnd(Math.ceil(head.length / 4) * 4, '\0');
  });
  return Buffer.from(entries.join(''), 'latin1');
}
