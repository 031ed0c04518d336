/** A package as an index of apt describes it. */
export interface Stanza {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The source package, where it has another name or version. */
  readonly source: string | undefined;
  /** Where it lies below the archive. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly essential: boolean;
  readonly priority: string;
  readonly depends: readonly Alternatives[];
  readonly recommends: readonly Alternatives[];
  readonly provides: readonly string[];
}

/** Names, of which one is enough. */
export type Alternatives = readonly string[];

/** The value of a field, without its line breaks; empty if it is not there. */
export function field(stanza: string, name: string): string {
  const at = stanza.startsWith(`${name}:`) ? 0 : stanza.indexOf(`\n${name}:`) + 1;
  if (at === 0 && !stanza.startsWith(`${name}:`)) return '';
  const begin = at + name.length + 1;
  let end = stanza.indexOf('\n', begin);
  while (end >= 0 && (stanza[end + 1] === ' ' || stanza[end + 1] === '\t')) end = stanza.indexOf('\n', end + 1);
  return stanza.slice(begin, end < 0 ? undefined : end).trim();
}

export function parseStanza(text: string): Stanza {
  const source = field(text, 'Source');
  return {
    name: field(text, 'Package'),
    version: field(text, 'Version'),
    architecture: field(text, 'Architecture'),
    source: source === '' ? undefined : source,
    path: field(text, 'Filename').replace(/^\.\//, ''),
    size: Number(field(text, 'Size')),
    sha256: field(text, 'SHA256'),
    essential: field(text, 'Essential') === 'yes',
    priority: field(text, 'Priority'),
    depends: [...relations(field(text, 'Pre-Depends')), ...relations(field(text, 'Depends'))],
    recommends: relations(field(text, 'Recommends')),
    provides: relations(field(text, 'Provides')).flat(),
  };
}

/** `a (>= 1) | b:any, c`: names only. */
function relations(text: string): Alternatives[] {
  return text
    .split(',')
    .map((clause) =>
      clause
        .split('|')
        .map((word) => /^[^\s(:[<]+/.exec(word.trim())?.[0] ?? '')
        .filter((word) => word !== ''),
    )
    .filter((names) => names.length > 0);
}

/** Every stanza of an index whose file has one of these sums, by sum. */
export function stanzasBySum(index: string, sums: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>();
  const marker = '\nSHA256: ';
  for (let at = index.indexOf(marker); at >= 0; at = index.indexOf(marker, at + 1)) {
    const sum = index.slice(at + marker.length, at + marker.length + 64);
    if (!sums.has(sum)) continue;
    const begin = index.lastIndexOf('\n\n', at) + 2;
    const end = index.indexOf('\n\n', at);
    found.set(sum, index.slice(begin === 1 ? 0 : begin, end < 0 ? undefined : end));
  }
  return found;
}

/** All stanzas of an index. */
export function stanzas(index: string): string[] {
  return index.split(/\n{2,}/).filter((stanza) => stanza.trim() !== '');
}
