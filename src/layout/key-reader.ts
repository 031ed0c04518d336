import { didYouMean } from '../config/suggestion.js';
import type { Findings } from './finding.js';
import { isModule, whyMissing } from './modules.js';
import type { YamlEntry, YamlList, YamlScalar } from './yaml-tree.js';

/** Reads the keys of one mapping of a layout, and notes what is wrong with those that are asked for. */
export class KeyReader {
  /**
   * @param where what the keys belong to, for messages: `mkfs 'mkfs_root'`
   * @param line where that begins
   */
  constructor(
    readonly findings: Findings,
    readonly where: string,
    readonly line: number,
    readonly entries: ReadonlyMap<string, YamlEntry>,
  ) {}

  has(key: string): boolean {
    return this.entries.has(key);
  }

  lineOf(key: string): number {
    return this.entries.get(key)?.value.line ?? this.line;
  }

  error(key: string, message: string): void {
    this.findings.error(this.lineOf(key), `${this.where}: ${key}${message}`);
  }

  warn(key: string, message: string): void {
    this.findings.warn(this.lineOf(key), `${this.where}: ${key}${message}`);
  }

  /** Complains of keys that are neither known nor modules: they have no effect. */
  warnOfUnknown(known: readonly string[], modules: readonly string[] = []): void {
    for (const [key, { line }] of this.entries) {
      if (known.includes(key) || isModule(key)) continue;
      const missing = whyMissing(key);
      if (missing !== undefined) {
        this.findings.error(line, `${this.where}: ${key}: ${missing}`);
        continue;
      }
      const allowed = `known are ${known.join(', ')}`;
      this.findings.warn(
        line,
        `${this.where}: unknown key '${key}' has no effect${didYouMean(key, [...known, ...modules])}; ${allowed}`,
      );
    }
  }

  /** Text as it is written. */
  text(key: string, expected = 'text'): string | undefined {
    const value = this.#scalar(key, expected);
    return value?.text;
  }

  /** The same, for a key that must be there. */
  required(key: string, expected: string): string | undefined {
    if (this.has(key)) return this.text(key, expected);
    this.findings.error(this.line, `${this.where}: '${key}' is missing; expected ${expected}`);
    return undefined;
  }

  /** @param parse throws an Error that says what would be right */
  parsed<T>(key: string, parse: (text: string) => T, expected = 'text'): T | undefined {
    const text = this.text(key, expected);
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      this.error(key, ` '${text}': expected ${(error as Error).message}`);
      return undefined;
    }
  }

  boolean(key: string): boolean | undefined {
    const value = this.#scalar(key, "'yes' or 'no'");
    if (value === undefined || typeof value.value === 'boolean') return value?.value ?? undefined;
    this.error(key, ` '${value.text}': expected 'yes' or 'no'`);
    return undefined;
  }

  list(key: string, expected: string): YamlList | undefined {
    const value = this.entries.get(key)?.value;
    if (value === undefined || value.kind === 'list') return value;
    this.error(key, `: expected ${expected}`);
    return undefined;
  }

  /** A list of words, each with its line. */
  words(key: string, expected: string): { readonly text: string; readonly line: number }[] | undefined {
    const list = this.list(key, expected);
    return list?.items.flatMap((item) => {
      if (item.kind === 'scalar') return [{ text: item.text, line: item.line }];
      this.findings.error(item.line, `${this.where}: ${key}: expected ${expected}`);
      return [];
    });
  }

  #scalar(key: string, expected: string): YamlScalar | undefined {
    const value = this.entries.get(key)?.value;
    if (value === undefined) return undefined;
    if (value.kind !== 'scalar') this.error(key, `: expected ${expected}, not a ${kinds[value.kind]}`);
    else if (value.value === null) this.error(key, ` has no value; expected ${expected}`);
    else return value;
    return undefined;
  }
}

const kinds = { list: 'list', map: 'mapping' } as const;
