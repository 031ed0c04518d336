import { quote } from 'shlex';
import type { AnswerFileKind } from '../config/image-spec.js';

/** What a template makes: an answer file, or the script of a system that is made from its packages. */
export type TemplateKind = AnswerFileKind | 'bootstrap';

/**
 * Makes a value safe in its place in an answer file, so that it is read as a value and never as syntax.
 *
 * @throws Error saying what the language can't express
 */
export type Escape = (value: string) => string;

export const escapes: Readonly<Record<TemplateKind, Escape>> = {
  preseed: escapePreseed,
  kickstart: escapeKickstart,
  yast: escapeXml,
  autoinstall: jsonString,
  agama: jsonString,
  bootstrap: quote,
};

/**
 * What a template prints, in the answer file's language. Numbers and truth values, which only helpers make, need no
 * escape; nothing is the empty value.
 */
export function escapePrinted(kind: TemplateKind, printed: unknown): string {
  if (typeof printed === 'number' || typeof printed === 'boolean') return String(printed);
  return escapes[kind](typeof printed === 'string' ? printed : '');
}

/**
 * A value of a preseed line runs to the end of its line, and a backslash there would join the next line to it
 * (debconf-set-selections(1)). So line breaks become blanks, as lists that go over several lines want it, and a
 * backslash at the end is kept from the line's end.
 */
function escapePreseed(value: string): string {
  refuseControlCharacters(value);
  return value.replace(/\s*\n\s*/g, ' ').replace(/\\$/, '\\ ');
}

/**
 * Kickstart splits a command into words as a POSIX shell does (pykickstart uses shlex), and knows no line breaks
 * inside a word: they become blanks. Line breaks are what Python's `str.splitlines` takes for one. A `%` at the
 * beginning would be a section's or an %include.
 */
function escapeKickstart(value: string): string {
  refuseControlCharacters(value);
  const line = value.replace(/\s*\n\s*/g, ' ').replace(/[\u0085\u2028\u2029]/g, ' ');
  return /^(?!%)[\w@%+=:,./-]*$/.test(line) ? line : `'${line.replaceAll("'", `'"'"'`)}'`;
}

const xmlEntities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML text and attribute values (XML 1.0, 2.2 and 2.4). */
function escapeXml(value: string): string {
  refuseControlCharacters(value);
  const found = /[\ufffe\uffff]|\p{Surrogate}/u.exec(value);
  if (found) throw new Error(`the character with code ${found[0].charCodeAt(0)} is not allowed in XML`);
  return value.replace(/[&<>"']/g, (character) => xmlEntities[character] ?? character);
}

/**
 * A string of JSON, quotes included, which is a double-quoted scalar of YAML as well (YAML 1.2.2, 7.3.1). What YAML
 * takes for a line break, and JSON does not, is written as an escape.
 */
function jsonString(value: string): string {
  refuseControlCharacters(value);
  return JSON.stringify(value).replace(
    /[\u0080-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function refuseControlCharacters(value: string): void {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const found = /[\u0000-\u0008\u000b-\u001f\u007f]/.exec(value);
  if (found) throw new Error(`a control character (code ${found[0].charCodeAt(0)}) is not allowed in an answer file`);
}
