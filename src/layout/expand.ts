import { didYouMean } from '../config/suggestion.js';
import type { Findings } from './finding.js';
import { KeyReader } from './key-reader.js';
import { isModule, itemKeys, moduleKeys, moduleNames, type ModuleName, whyMissing } from './modules.js';
import type { YamlEntry, YamlMap, YamlValue } from './yaml-tree.js';

/** One module of a layout in graph form: it names its base, and nothing is nested. */
export interface Entry {
  readonly module: ModuleName;
  /** Undefined where it is missing, which has been complained of, and for `partitioning`, which is no base. */
  readonly name: string | undefined;
  readonly line: number;
  readonly base: Reference | undefined;
  readonly keys: KeyReader;
}

/** The name of a base, and where it stands. */
export interface Reference {
  /** Empty where it could not be read, which has been complained of. */
  readonly name: string;
  readonly line: number;
}

/**
 * Turns the tree form into the graph form: a module below another one becomes an entry of its own, whose base is the
 * name of the other. The list may have both forms.
 */
export function expand(root: YamlValue | undefined, findings: Findings): Entry[] {
  const wanted = `a list of modules (${moduleNames.join(', ')})`;
  if (root === undefined || (root.kind === 'list' && root.items.length === 0)) {
    if (findings.list.length === 0) findings.error(1, `the layout is empty: expected ${wanted}`);
    return [];
  }
  if (root.kind !== 'list') {
    findings.error(root.line, `expected ${wanted}, such as '- local_loop:'`);
    return [];
  }
  return root.items.flatMap((item) => {
    if (item.kind !== 'map') {
      findings.error(
        item.line,
        `expected a module with its keys, such as 'mkfs: {…}'; modules are ${moduleNames.join(', ')}`,
      );
      return [];
    }
    if (item.entries.size !== 1) {
      const names = [...item.entries.keys()].map((key) => `'${key}'`).join(' and ');
      findings.error(
        item.line,
        `${names} in one entry of the list: expected one module in each, with its keys below it`,
      );
    }
    return [...item.entries].flatMap(([key, entry]) => {
      if (isModule(key)) return expandModule(key, entry, undefined, findings);
      // Beside another key it is a key in the wrong column.
      if (item.entries.size === 1) findings.error(entry.line, unknownModule(key));
      return [];
    });
  });
}

function unknownModule(key: string): string {
  const missing = whyMissing(key);
  if (missing !== undefined) return `${key}: ${missing}`;
  return `there is no module '${key}'${didYouMean(key, moduleNames)}; modules are ${moduleNames.join(', ')}`;
}

function expandModule(
  module: ModuleName,
  { line, value }: YamlEntry,
  parent: string | undefined,
  findings: Findings,
): Entry[] {
  if (value.kind !== 'map') {
    const keys = moduleKeys[module].join(', ');
    findings.error(line, `${module}: expected its keys below it (${keys}), or '${module}: {}' for their defaults`);
    return [];
  }
  const unnamed = new KeyReader(findings, module, line, value.entries);
  const base = baseOf(module, unnamed, parent);
  const name = nameOf(module, unnamed, base);
  const where = name === undefined ? module : `${module} '${name}'`;
  const keys = new KeyReader(findings, where, line, value.entries);
  keys.warnOfUnknown(moduleKeys[module], moduleNames);
  const children = [...value.entries].flatMap(([key, entry]) =>
    isModule(key) ? expandModule(key, entry, name, findings) : [],
  );
  return [{ module, name, line, base, keys }, ...children, ...childrenOfItems(module, keys, name)];
}

/** The own one before that of the tree. That of `lvm`, which may be a list, has no meaning. */
function baseOf(module: ModuleName, keys: KeyReader, parent: string | undefined): Reference | undefined {
  if (keys.has('base')) {
    const line = keys.lineOf('base');
    const isList = keys.entries.get('base')?.value.kind === 'list';
    const name =
      module === 'lvm' && isList ? keys.words('base', 'names')?.[0]?.text : keys.text('base', 'the name of its base');
    return { name: name ?? '', line };
  }
  return parent === undefined ? undefined : { name: parent, line: keys.line };
}

function nameOf(module: ModuleName, keys: KeyReader, base: Reference | undefined): string | undefined {
  if (keys.has('name')) return nonEmpty(keys, keys.text('name', 'a name'));
  if (base !== undefined && base.name !== '') return `${module}_${base.name}`;
  if (module !== 'partitioning' && !keys.has('base')) {
    const advice = module === 'local_loop' ? "expected a name such as 'image0'" : "expected a name, or a 'base'";
    keys.findings.error(keys.line, `${module}: 'name' is missing; ${advice}`);
  }
  return undefined;
}

function nonEmpty(keys: KeyReader, name: string | undefined): string | undefined {
  if (name === '') keys.error('name', ' is empty');
  return name === '' ? undefined : name;
}

/** Modules below partitions and subvolumes. */
function childrenOfItems(module: ModuleName, keys: KeyReader, name: string | undefined): Entry[] {
  if (module === 'partitioning') {
    return itemsOf(keys, 'partitions').flatMap((item) => {
      const partition = itemName(item);
      return modulesIn(item).flatMap(([key, entry]) => expandModule(key, entry, partition, keys.findings));
    });
  }
  if (module === 'lvm') {
    for (const list of ['pvs', 'vgs', 'lvs']) {
      for (const [key, entry] of itemsOf(keys, list).flatMap(modulesIn)) {
        const advice = list === 'lvs' ? `write it on its own, with 'base: NAME' of the logical volume` : 'not possible';
        keys.findings.error(entry.line, `${keys.where}: ${key} below one of its ${list}: ${advice}`);
      }
    }
    return [];
  }
  return itemsOf(keys, 'subvolumes').flatMap((item) => {
    const subvolume = itemName(item);
    const base = name === undefined || subvolume === undefined ? undefined : subvolumeNode(name, subvolume);
    return modulesIn(item).flatMap(([key, entry]) => {
      if (key === 'mount') return expandModule(key, entry, base, keys.findings);
      keys.findings.error(entry.line, `${keys.where}: ${key} below a subvolume: only 'mount' may be there`);
      return [];
    });
  });
}

/** The name by which a mount has a subvolume as its base. */
export function subvolumeNode(fileSystem: string, subvolume: string): string {
  return `${fileSystem}/${subvolume}`;
}

function itemsOf(keys: KeyReader, list: string): YamlMap[] {
  const value = keys.entries.get(list)?.value;
  return value?.kind === 'list' ? value.items.filter((item) => item.kind === 'map') : [];
}

function itemName(item: YamlMap): string | undefined {
  const name = item.entries.get('name')?.value;
  return name?.kind === 'scalar' && name.value !== null && name.text !== '' ? name.text : undefined;
}

function modulesIn(item: YamlMap): [ModuleName, YamlEntry][] {
  return [...item.entries].flatMap(([key, entry]) => (isModule(key) ? [[key, entry] as [ModuleName, YamlEntry]] : []));
}

/** The mappings in a list of a module, such as its partitions, each with a reader of its keys. */
export function items(keys: KeyReader, list: string, kind: keyof typeof itemKeys, word: string): Item[] {
  const expected = `a list of ${word}s, each with ${itemKeys[kind].join(', ')}`;
  return (keys.list(list, expected)?.items ?? []).flatMap((item): Item[] => {
    if (item.kind !== 'map') {
      if (kind === 'subvolume' && item.kind === 'scalar' && item.value !== null && item.text !== '') {
        return [
          { name: item.text, keys: new KeyReader(keys.findings, `${word} '${item.text}'`, item.line, new Map()) },
        ];
      }
      keys.findings.error(item.line, `${keys.where}: ${list}: expected ${expected}`);
      return [];
    }
    const name = itemName(item);
    const where = name === undefined ? `a ${word} of ${keys.where}` : `${word} '${name}'`;
    const reader = new KeyReader(keys.findings, where, item.line, item.entries);
    if (name === undefined) reader.findings.error(item.line, `${where}: 'name' is missing; expected a name`);
    reader.warnOfUnknown(itemKeys[kind], kind === 'partition' ? moduleNames : kind === 'subvolume' ? ['mount'] : []);
    return [{ name, keys: reader }];
  });
}

export interface Item {
  /** Undefined where it is missing, which has been complained of. */
  readonly name: string | undefined;
  readonly keys: KeyReader;
}
