import { readFile } from 'node:fs/promises';
import type { SuiteIndexes } from './indexes.js';
import { field, stanzas } from './stanza.js';

/** The versions of packages in the archives, and their suites, by name: what is offered instead of one that is gone. */
export async function newestVersions(
  indexes: readonly SuiteIndexes[],
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set(names);
  const found = new Map<string, string>();
  for (const { suite, files } of indexes) {
    for (const file of files) {
      for (const stanza of stanzas(await readFile(file, 'utf8'))) {
        const name = field(stanza, 'Package');
        if (!wanted.has(name)) continue;
        const before = found.get(name);
        const told = `${field(stanza, 'Version')} (${suite})`;
        found.set(name, before === undefined ? told : `${before}, ${told}`);
      }
    }
  }
  return found;
}
