/** A section of LVM's metadata: `name { … }`. */
export interface MetadataSection {
  readonly [name: string]: MetadataValue;
}

export type MetadataValue = string | number | readonly (string | number)[] | MetadataSection;

/** A comment, a string, a name or number, or a sign, in the syntax of lvm.conf(5). */
const token = /\s+|#[^\n]*|("(?:[^"\\]|\\.)*"|[\w.+-]+|[{}[\]=,])/sy;

/** Far deeper than a volume group goes. */
const deepest = 16;

/**
 * Reads metadata of LVM as it stands on a physical volume: sections and values in the syntax of lvm.conf(5).
 *
 * @throws Error that says where the text is not in this syntax
 */
export function parseMetadata(text: string): MetadataSection {
  const tokens = tokenize(text);
  let next = 0;
  const take = (expected: string) => {
    if (tokens[next] !== expected) throw unexpected(tokens[next], `'${expected}'`);
    next++;
  };

  function section(end: string | undefined, depth: number): MetadataSection {
    if (depth > deepest) throw new Error(`sections in more than ${deepest} others`);
    const found = new Map<string, MetadataValue>();
    while (tokens[next] !== end) {
      const name = tokens[next++];
      if (name === undefined || !/^[\w.+-]/.test(name)) throw unexpected(name, 'a name');
      if (found.has(name)) throw new Error(`'${name}' twice`);
      if (tokens[next] === '{') {
        next++;
        found.set(name, section('}', depth + 1));
        next++;
      } else {
        take('=');
        found.set(name, value());
      }
    }
    return Object.fromEntries(found);
  }

  function value(): MetadataValue {
    if (tokens[next] !== '[') return scalar();
    next++;
    const list: (string | number)[] = [];
    while (tokens[next] !== ']') {
      list.push(scalar());
      if (tokens[next] !== ']') take(',');
    }
    next++;
    return list;
  }

  function scalar(): string | number {
    const found = tokens[next++];
    if (found?.startsWith('"')) return found.slice(1, -1).replace(/\\(.)/gs, '$1');
    if (found !== undefined && /^-?\d+(?:\.\d+)?$/.test(found)) return Number(found);
    throw unexpected(found, 'a value');
  }

  return section(undefined, 0);
}

function unexpected(found: string | undefined, expected: string): Error {
  return new Error(`'${found ?? 'the end'}' where ${expected} was expected`);
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new Error(`'${text.slice(at, at + 20)}' is no part of it`);
    if (match[1] !== undefined) tokens.push(match[1]);
  }
  return tokens;
}
