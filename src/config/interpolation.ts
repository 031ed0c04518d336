import { UsageError } from '../host/failure.js';
import { holdsHash, isPlainHash } from './password-hashes.js';
import { didYouMean } from './suggestion.js';

/** An option's value as it stands in a file, and where it was set. */
export interface IniOption {
  /** Before interpolation; the lines of a value that runs over several are joined by `\n`. */
  readonly value: string;
  /** The name of the file, as its IniSource gives it; empty for a value that was set by the program. */
  readonly file: string;
  /** The line on which the option's name stands, from 1. */
  readonly line: number;
  /** The section that it was taken from by `like`, if it was. */
  readonly like?: string;
}

/** Where references are looked up. */
export interface References {
  /** Without [DEFAULT]. */
  readonly sections: ReadonlyMap<string, unknown>;
  /** The option as the section sees it: its own, or that of [DEFAULT]; undefined also if there is no such section. */
  raw(section: string, option: string): IniOption | undefined;
  /** Every option that the section sees. */
  optionNames(section: string): string[];
  /** What to do about an option that is not set in this section; empty if nothing is known. */
  advice?(section: string, option: string): string;
}

/** A value to interpolate, and the section whose options its `${option}` means. */
export interface Step {
  readonly section: string;
  /** In lower case. */
  readonly option: string;
  /** One of `extra` has no place. */
  readonly value: Pick<IniOption, 'value'> | IniOption;
}

/**
 * How deep references may lead on to values that hold references again, the first value counted:
 * MAX_INTERPOLATION_DEPTH of Python's configparser.
 */
const maxDepth = 10;

/** `$$`, `${…}`, or a lone dollar sign, which is wrong. */
const dollars = /\$(?:(\$)|\{([^}]+)\})?/g;

/**
 * Resolves `${option}`, `${section:option}` and `$$` as Python's `configparser.ExtendedInterpolation` does. What that
 * calls an error, and this takes as it stands: a password hash with single dollar signs, in an option that holds one.
 *
 * @param extra further variables, by names in lower case. As in Python they win over the section's options, and only
 *   the first value sees them: what stands in a value that is referred to is looked up without them.
 * @throws UsageError with one problem: where it is, and what is wrong with which reference
 */
export function interpolate(references: References, step: Step, extra: ReadonlyMap<string, string>): string {
  return expand(references, [step], extra);
}

const nothingMore: ReadonlyMap<string, string> = new Map();

/** @param path how the references led here; the last step is what to expand */
function expand(references: References, path: Path, extra: ReadonlyMap<string, string>): string {
  if (path.length > maxDepth) throw nestingTooDeep(path);
  if (holdsHash(path[0].option) && isPlainHash(path[0].value.value)) return path[0].value.value;
  return path[0].value.value.replaceAll(dollars, (_all, escaped?: string, reference?: string) => {
    if (escaped !== undefined) return '$';
    if (reference === undefined) {
      throw problem(path, `${loneDollar}${dollarHint(references, path[0])}`);
    }
    const found = lookUp(references, path, extra, reference);
    if (!found.value.value.includes('$')) return found.value.value;
    return expand(references, [found, ...path], nothingMore);
  });
}

const loneDollar = "'$' must be followed by another '$' or by a name in braces; a plain dollar sign is '$$'";

/** What a lone dollar sign was probably meant for. */
function dollarHint(references: References, { section, value: { value } }: Step): string {
  if (isPlainHash(value)) return "; this looks like a password hash: double its dollar signs, as in '$$6$$…'";
  if (/\$\{[^}]*$/.test(value)) return "; a '}' is missing";
  const [, name = ''] = /\$\(?([\w-]+)/.exec(value.replaceAll('$$', '')) ?? [];
  return references.raw(section, name) === undefined ? '' : ` (did you mean '\${${name}}'?)`;
}

/** The steps from the value at hand back to the one that was asked for. */
type Path = readonly [Step, ...Step[]];

function lookUp(references: References, path: Path, extra: ReadonlyMap<string, string>, reference: string): Step {
  const [name, option, ...tooMany] = reference.split(':') as [string, ...string[]];
  if (tooMany.length > 0) throw problem(path, `${shown(reference)} has more than one ':'`);
  return option === undefined
    ? ownOption(references, path, extra, name)
    : optionOf(references, path, name, option.toLowerCase(), reference);
}

function ownOption(references: References, path: Path, extra: ReadonlyMap<string, string>, reference: string): Step {
  const { section } = path[0];
  const option = reference.toLowerCase();
  const given = extra.get(option);
  const value = given === undefined ? references.raw(section, option) : { value: given };
  if (value) return { section, option, value };
  const known = [...extra.keys(), ...references.optionNames(section)];
  const hint = didYouMean(option, known) || references.advice?.(section, option) || '';
  throw problem(path, `${shown(reference)} refers to an option that is not set${hint}`);
}

function optionOf(references: References, path: Path, section: string, option: string, reference: string): Step {
  const value = references.raw(section, option);
  if (value) return { section, option, value };
  if (section !== 'DEFAULT' && !references.sections.has(section)) {
    const hint = didYouMean(section, references.sections.keys());
    throw problem(path, `${shown(reference)} refers to a section that does not exist${hint}`);
  }
  const hint = didYouMean(option, references.optionNames(section));
  throw problem(path, `${shown(reference)} refers to an option that is not set in [${section}]${hint}`);
}

function nestingTooDeep(path: Path): UsageError {
  const way = [...path].reverse();
  const titles = way.map(titled);
  const again = way.map((step, index) => way.findIndex((later, at) => at > index && sameStep(step, later)));
  const start = again.findIndex((index) => index > 0);
  if (start < 0) return problem(path, `references lead on more than ${maxDepth} deep: ${titles.join(' -> ')}`);
  const circle = titles.slice(start, again[start]! + 1);
  return problem([way[start]!, way[0]!], `references lead in a circle: ${circle.join(' -> ')}`);
}

function sameStep(one: Step, other: Step): boolean {
  return one.section === other.section && one.value === other.value;
}

function problem(path: Path, what: string): UsageError {
  const [at, ...towards] = path;
  const asked = towards.at(-1);
  const place = 'file' in at.value && at.value.file !== '' ? `${at.value.file}:${at.value.line}: ` : '';
  const need = asked && !sameStep(asked, at) ? `; needed by ${titled(asked)}` : '';
  return new UsageError([`${place}${titled(at)}: ${what}${need}`]);
}

function titled({ section, option }: Step): string {
  return `[${section}] ${option}`;
}

/** A reference as it is written, on one line. */
function shown(reference: string): string {
  return `\${${reference.replaceAll('\n', '\\n')}}`;
}
