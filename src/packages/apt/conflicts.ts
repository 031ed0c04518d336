import { readFile } from 'node:fs/promises';
import type { SuiteIndexes } from './indexes.js';
import type { Wish } from './wish.js';
import { parseStanza, stanzas, type Stanza } from './stanza.js';

/** How a wish leads to a package that is excluded: names, each of which needs the next. */
export interface ConflictChain {
  readonly chain: readonly string[];
  readonly excluded: string;
}

/** The shortest ways from what is asked for to what is excluded, one for each excluded package. */
export async function conflictChains(indexes: readonly SuiteIndexes[], wish: Wish): Promise<ConflictChain[]> {
  const known = new Map<string, Stanza>();
  const providers = new Map<string, string[]>();
  for (const { files } of indexes) {
    for (const file of files) {
      for (const text of stanzas(await readFile(file, 'utf8'))) {
        const stanza = parseStanza(text);
        known.set(stanza.name, stanza);
        for (const name of stanza.provides) providers.set(name, [...(providers.get(name) ?? []), stanza.name]);
      }
    }
  }
  const found: ConflictChain[] = [];
  const essential = [...known.values()].filter((stanza) => stanza.essential).map(({ name }) => name);
  const paths = new Map<string, readonly string[]>();
  const waiting = [...wish.names.map((name) => name.replace(/[=/:].*$/, '')), ...essential];
  for (const name of waiting) paths.set(name, [name]);
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const path = paths.get(name) ?? [];
    for (const alternatives of known.get(name)?.depends ?? []) {
      const ways = alternatives.flatMap((each) => (known.has(each) ? [each] : (providers.get(each) ?? [])));
      const [way] = ways.filter((each) => !wish.excluded.has(each));
      const blocked = way === undefined ? ways[0] : undefined;
      if (blocked !== undefined && !found.some(({ excluded }) => excluded === blocked)) {
        found.push({ chain: [...path, blocked], excluded: blocked });
      }
      if (way !== undefined && !paths.has(way)) {
        paths.set(way, [...path, way]);
        waiting.push(way);
      }
    }
  }
  return found;
}
