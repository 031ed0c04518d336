import { join } from 'node:path';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { didYouMean } from '../config/suggestion.js';
import { readIfThere } from './element.js';
import type { ElementFinding } from './finding.js';
import { packagePhases } from './phases.js';

/** What a `package-installs.yaml` or `.json` says of one package: it may say several such things. */
export interface PackageEntry {
  readonly name: string;
  readonly element: string;
  readonly file: string;
  readonly line: number;
  readonly phase: string;
  /** That the words stand there at all counts: `uninstall: False` removes, too. */
  readonly uninstall: boolean;
  readonly buildOnly: boolean;
  readonly installType?: string;
  readonly arch?: string;
  readonly notArch?: string;
  readonly pythonVersion?: string;
  readonly when: readonly Condition[];
}

/** `VARIABLE = value` or `VARIABLE != value`. */
export interface Condition {
  readonly variable: string;
  readonly isEqual: boolean;
  readonly value: string;
}

const keys = [
  'phase',
  'uninstall',
  'build-only',
  'installtype',
  'arch',
  'not-arch',
  'dib_python_version',
  'when',
] as const;

export const packageListNames = ['package-installs.json', 'package-installs.yaml'] as const;

/** The lists in an element's directory. */
export function readPackageLists(element: string, directory: string) {
  const entries: PackageEntry[] = [];
  const findings: ElementFinding[] = [];
  for (const name of packageListNames) {
    const file = join(directory, name);
    const text = readIfThere(file);
    if (text !== undefined) readList(text, { element, file }, entries, findings);
  }
  return { entries, findings };
}

function readList(
  text: string,
  { element, file }: { readonly element: string; readonly file: string },
  entries: PackageEntry[],
  findings: ElementFinding[],
): void {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.1', schema: 'yaml-1.1' });
  const lineAt = (node: { range?: readonly number[] | null | undefined } | null | undefined) =>
    lines.linePos(node?.range?.[0] ?? 0).line;
  const tell = (weight: 'error' | 'warning', line: number, message: string) =>
    findings.push({ weight, element, file, line, message });
  if (document.errors.length > 0) {
    for (const { pos, message } of document.errors) {
      tell('error', lines.linePos(pos[0]).line, `invalid YAML: ${message.split('\n')[0]?.replace(/ at line .*$/, '')}`);
    }
    return;
  }
  const top = resolved(document.contents, document);
  if (top === null || (isScalar(top) && top.value === null)) {
    return void tell('warning', 1, 'the list is empty');
  }
  if (!isMap(top)) return void tell('error', lineAt(top), 'expected a mapping: a package, and what is said of it');
  for (const pair of top.items) {
    const key = pair.key as Node;
    const line = lineAt(key);
    const name = `${(key as { value?: unknown }).value as string}`;
    const value = resolved(pair.value as Node | null, document);
    const list = isSeq(value) ? value.items.map((item) => resolved(item as Node | null, document)) : [value];
    for (const each of list) {
      if (each !== null && !isMap(each) && !(isScalar(each) && !each.value)) {
        tell('error', lineAt(each), `package '${name}': expected nothing, a mapping, or a list of mappings`);
        continue;
      }
      const said = isMap(each) ? (each.toJS(document) as Record<string, unknown>) : {};
      for (const pairOf of isMap(each) ? each.items : []) {
        const word = `${(pairOf.key as { value?: unknown }).value as string}`;
        if (!keys.some((known) => known === word)) {
          tell(
            'warning',
            lineAt(pairOf.key as Node),
            `package '${name}': '${word}' is unknown and does nothing${didYouMean(word, keys)}`,
          );
        }
      }
      const when = conditions(said.when, (message) => tell('error', line, `package '${name}': ${message}`));
      const words: Partial<Record<'arch' | 'notArch' | 'installType' | 'pythonVersion', string>> = {
        ...(said.arch == null ? {} : { arch: `${said.arch as string}` }),
        ...(said['not-arch'] == null ? {} : { notArch: `${said['not-arch'] as string}` }),
        ...(said.installtype == null ? {} : { installType: `${said.installtype as string}` }),
        ...(said.dib_python_version == null ? {} : { pythonVersion: `${said.dib_python_version as string}` }),
      };
      const phase = `${(said.phase as string | undefined) ?? 'install.d'}`;
      const entry: PackageEntry = {
        ...{ name, element, file, line, phase, when, ...words },
        uninstall: 'uninstall' in said,
        buildOnly: 'build-only' in said,
      };
      for (const message of doubtsAbout(entry, said)) tell('warning', line, `package '${name}': ${message}`);
      if (words.arch && words.notArch) tell('error', line, `package '${name}': has both arch and not-arch`);
      entries.push(entry);
    }
  }
}

function resolved(node: Node | null, document: Document): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}

function doubtsAbout({ phase, arch, notArch, when }: PackageEntry, said: Record<string, unknown>): string[] {
  const messages: string[] = [];
  if (!packagePhases.some((known) => known === phase)) {
    messages.push(
      `in phase '${phase}' no packages are installed${didYouMean(phase, packagePhases)}: only in ${packagePhases.join(', ')}`,
    );
  }
  for (const word of ['uninstall', 'build-only']) {
    const value = said[word];
    if (value === false || (typeof value === 'string' && /^(false|no|off)$/i.test(value))) {
      messages.push(`'${word}: ${value}' counts like '${word}: True', because the word is there: take the line out`);
    }
  }
  for (const list of [arch, notArch]) {
    if (list !== undefined && list.split(',').some((each) => each !== each.trim())) {
      messages.push(`'${list}': blanks beside a comma are taken as part of the name, so that it never matches`);
    }
  }
  for (const { variable, value } of when) {
    if (value !== value.trimEnd()) messages.push(`when ${variable}: the blanks after '${value.trimEnd()}' count`);
  }
  return messages;
}

function conditions(when: unknown, complain: (message: string) => void): Condition[] {
  const list = when == null ? [] : Array.isArray(when) ? when : [when];
  return list.flatMap((text) => {
    // As diskimage-builder matches it: all that follows the sign is the value, with its blanks.
    const match = typeof text === 'string' ? /^(\w+)\s*(=|!=)\s*(.*)/.exec(text) : null;
    if (match) return [{ variable: match[1]!, isEqual: match[2] === '=', value: match[3] ?? '' }];
    complain(`when: '${String(text)}': expected 'VARIABLE = value' or 'VARIABLE != value'`);
    return [];
  });
}
