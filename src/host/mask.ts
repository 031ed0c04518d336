import { maskUrls } from './url-mask.js';

export { maskUrls } from './url-mask.js';

/** Removes secrets from a text. */
export type Mask = (text: string) => string;

/**
 * Masks these values, and the credentials in every URL. A value is found in every form in which programs print it:
 * as it is, quoted for shells, with backslashes, percent-encoded, in JSON, XML and HTML, doubled as in virt-install's
 * options, in base64, and wrapped over the rows of a screen. Each line of a multi-line value is masked separately.
 *
 * Values shorter than {@link shortestSecret} characters are not masked.
 */
export function maskOf(secrets: readonly string[]): Mask {
  const lines = secrets.flatMap((secret) => secret.split(/[\r\n]+/)).map((line) => line.trim());
  // The longest first: a secret may begin with another one.
  const values = [...new Set(lines)]
    .filter((line) => line.length >= shortestSecret)
    .sort((one, other) => other.length - one.length);
  const forms = [...values.map(printedForm), ...values.flatMap(base64Forms)];
  return (text) => {
    const oneLine = text.replace(/\r?\n[ \t]*(?:\| )?/g, '');
    return maskUrls(
      forms.reduce((masked, { core, pattern }) => {
        // Matching the whole pattern is slow in a log of megabytes, and most logs contain none of the secrets.
        return text.includes(core) || oneLine.includes(core) ? masked.replace(pattern, '***') : masked;
      }, text),
    );
  };
}

/** Characters. Masking shorter values would hide ordinary words. */
export const shortestSecret = 4;

/** Characters. Longer values are also found when a screen has wrapped them; shorter ones would match by chance. */
const shortestBroken = 8;

interface Form {
  readonly pattern: RegExp;
  /** A part that no quoting changes. */
  readonly core: string;
}

function printedForm(value: string): Form {
  // The end of a row, and the indentation of a quoted screen.
  const broken = value.length >= shortestBroken ? '(?:\\r?\\n[ \\t]*(?:\\| )?)?' : '';
  const parts = value.match(/['"\\]+|([^'"\\])\1*/gu) ?? [];
  return {
    pattern: new RegExp(parts.map((part) => patternFor(part, broken)).join(broken), 'gu'),
    core: longest(value.match(/[A-Za-z0-9]+/g) ?? ['']),
  };
}

/** For a run of quotes and backslashes, which quoting multiplies, or of one character. */
function patternFor(part: string, broken: string): string {
  const characters = [...part];
  const rowEnd = broken === '' ? [] : [broken.slice(0, -1)];
  const [first = ''] = characters;
  if (/^[A-Za-z0-9]$/.test(first)) return characters.join(broken);
  if (/['"\\]/.test(first)) {
    const escapes = ["'", '"', '\\'].flatMap(escapesOf);
    return `(?:${[...escapes, `['"\\\\]`, ...rowEnd].join('|')}){${characters.length},}`;
  }
  // Trailing blanks of a screen's row are removed.
  const blanks = first === ' ' ? ['\\+', ...rowEnd] : [];
  const alternatives = [...escapesOf(first), `\\\\*${literal(first)}`, ...blanks];
  const most = doubled.has(first) ? 2 * characters.length : characters.length;
  return `(?:(?:${alternatives.join('|')})${characters.length > 1 ? broken : ''}){${characters.length},${most}}`;
}

/** Characters that some languages double: `$$` in configuration files, `,,` in QEMU's options, `%%` in units. */
const doubled: ReadonlySet<string> = new Set(['$', ',', '%']);

/** A character by its number or name, as URLs, JSON, XML, C and shells have it. */
function escapesOf(character: string): string[] {
  const point = character.codePointAt(0) ?? 0;
  const bytes = [...Buffer.from(character)];
  const hex = (number: number, digits: number) => anyCase(number.toString(16).padStart(digits, '0'));
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  const entities = [`#0*${point}`, `#[xX]0*${hex(point, 1)}`, ...(entityNames[character] ?? [])];
  const letter = letters[character];
  return [
    bytes.map((byte) => `%(?:25)*${hex(byte, 2)}`).join(''),
    units.map((unit) => `\\\\+u${hex(unit, 4)}`).join(''),
    bytes.map((byte) => `\\\\+x${hex(byte, 2)}`).join(''),
    bytes.map((byte) => `\\\\+0?${byte.toString(8).padStart(3, '0')}`).join(''),
    `&(?:amp;)*(?:${entities.join('|')});`,
    ...(letter === undefined ? [] : [`\\\\+${letter}`]),
  ];
}

/** XML 1.0, 4.6; HTML has them too. */
const entityNames: Readonly<Record<string, readonly string[]>> = {
  '&': ['amp'],
  '<': ['lt'],
  '>': ['gt'],
  "'": ['apos'],
  '"': ['quot'],
};

const letters: Readonly<Record<string, string>> = { '\t': 't', '\b': 'b', '\f': 'f' };

/** In base64, a value has three forms, by the number of bytes before it. Their first and last characters depend on its neighbours. */
function base64Forms(value: string): Form[] {
  const bytes = Buffer.from(value);
  if (bytes.length < 6) return [];
  const forms = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const both = forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
  return [...new Set(both)].map(printedForm);
}

function longest(words: readonly string[]): string {
  return words.reduce((best, word) => (word.length > best.length ? word : best));
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function anyCase(hex: string): string {
  return hex.replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
