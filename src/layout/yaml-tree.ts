import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Scalar } from 'yaml';
import type { Findings } from './finding.js';

/** What a YAML document says, with the line of everything, and scalars as they are written. */
export type YamlValue = YamlMap | YamlList | YamlScalar;

export interface YamlMap {
  readonly kind: 'map';
  readonly line: number;
  readonly entries: ReadonlyMap<string, YamlEntry>;
}

export interface YamlEntry {
  /** The line of the key. */
  readonly line: number;
  readonly value: YamlValue;
}

export interface YamlList {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly YamlValue[];
}

export interface YamlScalar {
  readonly kind: 'scalar';
  readonly line: number;
  /** As it is written: `8e00`, `0700` and `yes` are text here. */
  readonly text: string;
  /** As YAML 1.1 has it, where it is a boolean or null. */
  readonly value: boolean | null | undefined;
}

/** Far more than any layout has: a document of aliases to aliases could grow without bounds. */
const mostValues = 100_000;

/** The modules of a layout stand six levels deep in each other, with lists and mappings between them. */
const deepest = 50;

/** Reads a YAML 1.1 document, as PyYAML does. Undefined if it is none, or empty. */
export function readYaml(text: string, findings: Findings): YamlValue | undefined {
  const lines = new LineCounter();
  if (nestsTooDeeply(text)) {
    findings.error(1, `values stand more than ${deepest} levels deep in each other`);
    return undefined;
  }
  const document = parseDocument(text, { lineCounter: lines, version: '1.1', schema: 'yaml-1.1' });
  const lineOf = (node: { range?: readonly number[] | null | undefined }) => lines.linePos(node.range?.[0] ?? 0).line;
  for (const { pos, message } of document.errors) {
    findings.error(lines.linePos(pos[0]).line, `invalid YAML: ${message.split('\n')[0]?.replace(/ at line .*$/, '')}`);
  }
  if (document.errors.length > 0 || !document.contents) return undefined;
  let values = 0;

  function convert(node: Node | null, line: number, above: readonly Node[]): YamlValue {
    if (node && above.includes(node)) {
      findings.error(line, 'an alias stands inside what it stands for');
      return { kind: 'scalar', line, text: '', value: null };
    }
    if (++values > mostValues) {
      if (values === mostValues + 1) findings.error(line, `the document has more than ${mostValues} values`);
      return { kind: 'scalar', line, text: '', value: null };
    }
    if (above.length > deepest) {
      findings.error(line, `values stand more than ${deepest} levels deep in each other`);
      return { kind: 'scalar', line, text: '', value: null };
    }
    const within = node ? [...above, node] : above;
    if (isAlias(node)) return convert(node.resolve(document) ?? null, line, within);
    if (isMap(node)) return { kind: 'map', line: lineOf(node), entries: entriesOf(node, within) };
    if (isSeq(node)) {
      const items = node.items.map((item) => convert(item as Node | null, lineOf(node), within));
      return { kind: 'list', line: lineOf(node), items };
    }
    return scalar(isScalar(node) ? node : undefined, node ? lineOf(node) : line);
  }

  function entriesOf(map: Node, within: readonly Node[]): Map<string, YamlEntry> {
    const entries = new Map<string, YamlEntry>();
    if (!isMap(map)) return entries;
    const merged: YamlValue[] = [];
    for (const { key, value } of map.items) {
      const line = lineOf(key as Node);
      const converted = convert(value as Node | null, line, within);
      const name = isScalar(key) ? (key.source ?? String(key.value)) : '';
      if (isScalar(key) && name === '<<') merged.push(...(converted.kind === 'list' ? converted.items : [converted]));
      else if (isScalar(key)) entries.set(name, { line, value: converted });
      else findings.error(line, 'expected a word as a key, not a list or mapping');
    }
    // What a mapping says itself counts before what it merges.
    for (const source of merged) {
      if (source.kind !== 'map') continue;
      for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    return entries;
  }

  return convert(document.contents, 1, []);
}

/**
 * Whether a text may nest more deeply than the parser's stack bears: by brackets, or by what stands before the first word of a line.
 */
function nestsTooDeeply(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > deepest * 5) return true;
  }
  return text.split('\n').some((line) => (/^[\s?:-]*/.exec(line)?.[0].length ?? 0) > deepest * 5);
}

function scalar(node: Scalar | undefined, line: number): YamlScalar {
  const value = node?.value ?? null;
  const written = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const text = node?.source ?? (written ? String(value) : '');
  return { kind: 'scalar', line, text, value: typeof value === 'boolean' || value === null ? value : undefined };
}
