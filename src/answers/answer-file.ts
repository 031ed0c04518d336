import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { HelperOptions } from 'handlebars';
import { descriptionDefaults, descriptionOption } from '../config/description-options.js';
import type { AnswerFileKind, DescribedOption } from '../config/image-spec.js';
import { canonical } from '../config/options.js';
import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';
import { escapePrinted, escapes } from './escape.js';
import { templateHelpers } from './template-helpers.js';

export interface AnswerFile {
  /** The name under which it lies in the installer's root directory. */
  readonly name: string;
  readonly content: Buffer;
  /** The variables that the template mentions, `-` for `_`; none for a plain file. */
  readonly mentioned: ReadonlySet<string>;
}

export interface AnswerFileSource {
  readonly kind: AnswerFileKind;
  readonly path: string;
  /** Values by option name; `-` and `_` mean the same. Options that describe the system have their defaults. */
  readonly variables: Readonly<Record<string, string>>;
  /** Where those options are set, and what is wrong with them. */
  readonly description?: Readonly<Record<string, DescribedOption>>;
  /** Directories in which a relative path is looked for after the current one; each may have `partials/`. */
  readonly searchPath: readonly string[];
}

/**
 * The answer file as the installer will read it: a `*.hbs` file is rendered, any other is taken byte for byte.
 *
 * @throws UsageError if it can't be read, or naming template, line and variable of everything that is not defined
 */
export async function renderAnswerFile(source: AnswerFileSource): Promise<AnswerFile> {
  const file = findAnswerFile(source);
  const content = readFile(file, source.kind);
  const name = basename(file);
  if (!name.endsWith('.hbs')) return { name, content, mentioned: new Set() };
  const rendered = await renderTemplate(source, { file, text: content.toString('utf8') });
  return { ...rendered, name: name.slice(0, -'.hbs'.length) };
}

function findAnswerFile({ kind, path, searchPath }: AnswerFileSource): string {
  const candidates = [...new Set([resolve(path), ...searchPath.map((directory) => resolve(directory, path))])];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new UsageError([`${kind} = ${path}: there is no such answer file; looked for ${candidates.join(', ')}`]);
}

function readFile(file: string, kind: AnswerFileKind): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError([`${kind}: can't read ${file}: ${(error as Error).message}`]);
  }
}

/** What a helper prints that speaks, but has no value: not even an empty one in quotes. */
const nothing = Symbol('nothing');

interface TemplateFile {
  readonly file: string;
  readonly text: string;
}

async function renderTemplate(
  { kind, variables, searchPath, description = {} }: AnswerFileSource,
  main: TemplateFile,
): Promise<Omit<AnswerFile, 'name'>> {
  const { default: handlebars } = await import('handlebars');
  const engine = handlebars.create();
  const values = underBothSpellings(withDefaults(variables));
  const partials = partialFiles([dirname(main.file), ...searchPath]);
  const problems: string[] = [];
  engine.registerHelper({
    ...templateHelpers,
    cannot: (option: string, reason: string) => {
      const value = values[option] ?? '';
      if (saysNothing(option, value)) return nothing;
      problems.push(`${description[option]?.place ?? `${option} = ${value}`}: ${kind} can't do that: ${reason}`);
      return nothing;
    },
    needs: (option: string, what: string) => {
      if (!values[option]) problems.push(`${option} is not set: set it in [DEFAULT] to ${what}`);
      return nothing;
    },
    text: function (this: unknown, block: HelperOptions) {
      return escapes[kind](block.fn(this).trim());
    },
  });
  const mentioned = new Set<string>();
  const read = new Map([[main.file, main.text]]);

  // A Map's iteration goes on over what is added on the way: partials of partials are read as well.
  for (const [file, text] of read) {
    for (const { name, line, what } of references(handlebars, engine, { file, text })) {
      if (what === 'variable') {
        mentioned.add(canonical(name));
        const problem = problemOf(kind, name, values);
        if (problem !== undefined) problems.push(`${file}:${line}: ${problem}`);
        continue;
      }
      const partial = partials.get(name);
      if (partial === undefined) {
        problems.push(`${file}:${line}: there is no partial '${name}'${didYouMean(name, partials.keys())}`);
      } else if (!read.has(partial)) {
        const content = readFileSync(partial, 'utf8');
        read.set(partial, content);
        engine.registerPartial(name, content);
      }
    }
  }
  for (const option of mentioned) {
    const described = description[option];
    if (described?.fault === undefined) continue;
    problems.push(`${described.place}: ${described.fault}`);
    // What the template says of the others shall be told as well.
    for (const spelling of spellings(option)) values[spelling] = descriptionDefaults[option] ?? '';
  }

  const found = problems.length;
  // Handlebars has one escaping function for all its instances: it is ours for this one synchronous call.
  const escapeHtml = engine.Utils.escapeExpression;
  engine.Utils.escapeExpression = (printed: unknown) => (printed === nothing ? '' : escapePrinted(kind, printed));
  let text = '';
  try {
    text = engine.compile(main.text)(values);
  } catch (error) {
    // What is wrong already explains it.
    if (found === 0) problems.push(`${main.file}: ${(error as Error).message}`);
  } finally {
    engine.Utils.escapeExpression = escapeHtml;
  }
  if (problems.length > 0) throw new UsageError(problems);
  return { content: Buffer.from(text), mentioned };
}

/** Whether an option leaves to the distribution what it is about: it is empty, or at its default. */
function saysNothing(option: string, value: string): boolean {
  const initial = descriptionDefaults[option];
  const type = descriptionOption(option)?.type;
  if (initial === undefined || type === undefined) throw new Error(`cannot: no option '${option}' describes a system`);
  return value === '' || (initial !== '' && isDeepStrictEqual(type.parse(value), type.parse(initial)));
}

/** Options that describe the system are always there; set to nothing, they are empty only if that is a value. */
function withDefaults(variables: Readonly<Record<string, string>>): Record<string, string> {
  const values = { ...variables };
  const given = new Map(Object.keys(variables).map((name) => [canonical(name), name]));
  for (const [option, initial] of Object.entries(descriptionDefaults)) {
    const name = given.get(option) ?? option;
    if (!values[name] && !takesNothing(option)) values[name] = initial;
    values[name] ??= initial;
  }
  return values;
}

function takesNothing(option: string): boolean {
  try {
    descriptionOption(option)?.type.parse('');
    return true;
  } catch {
    return false;
  }
}

function problemOf(kind: AnswerFileKind, name: string, values: Readonly<Record<string, string>>): string | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined)
    return `the variable '${name}' is not defined: no option of the section has that name${didYouMean(name, Object.keys(values))}`;
  try {
    escapes[kind](value);
    return undefined;
  } catch (error) {
    return `the variable '${name}': ${(error as Error).message}`;
  }
}

function underBothSpellings(variables: Readonly<Record<string, string>>): Record<string, string> {
  // With a prototype: handlebars compares it with the elements of a list, to find out what `../` is.
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    for (const spelling of spellings(name)) values[spelling] ??= value;
  }
  return Object.assign(values, variables);
}

function spellings(name: string): string[] {
  return [name, name.replaceAll('_', '-'), name.replaceAll('-', '_')];
}

/** Partials by name: `partials/preseed/mirror.hbs` is `preseed/mirror`. The first directory wins. */
function partialFiles(directories: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const directory of directories.map((parent) => join(parent, 'partials'))) {
    if (!existsSync(directory)) continue;
    for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      const name = entry.replace(/\.hbs$/, '');
      if (name !== entry && !files.has(name)) files.set(name, join(directory, entry));
    }
  }
  return files;
}

interface Reference {
  readonly what: 'variable' | 'partial';
  readonly name: string;
  readonly line: number;
}

/** What a template refers to, found in its syntax tree, so that all of it can be checked before anything is rendered. */
function references(library: typeof Handlebars, engine: typeof Handlebars, { file, text }: TemplateFile): Reference[] {
  const found: Reference[] = [];
  class Collector extends library.Visitor {
    override PathExpression(path: hbs.AST.PathExpression): void {
      // `this.url` is a part of an element, `@root.hostname` an option.
      if (/^(?:this|\.)(?:[./]|$)/.test(path.original) || (path.data && path.parts[0] !== 'root')) return;
      const name = path.parts[path.data ? 1 : 0];
      if (name === undefined || Object.hasOwn(engine.helpers, name)) return;
      found.push({ what: 'variable', name, line: path.loc.start.line });
    }

    override MustacheStatement(mustache: hbs.AST.MustacheStatement): void {
      const [option] = mustache.params;
      const namesAnOption = 'original' in mustache.path && ['cannot', 'needs'].includes(mustache.path.original);
      if (namesAnOption && option?.type === 'StringLiteral') {
        const { value, loc } = option as hbs.AST.StringLiteral;
        found.push({ what: 'variable', name: value, line: loc.start.line });
      }
      super.MustacheStatement(mustache);
    }

    override PartialStatement(partial: hbs.AST.PartialStatement): void {
      const { name } = partial;
      if ('original' in name)
        found.push({ what: 'partial', name: String(name.original), line: partial.loc.start.line });
      partial.params.forEach((param) => this.accept(param));
      // `{{> mirror host=ubuntu-host}}`; the typings hide that there may be none.
      (partial.hash as hbs.AST.Hash | undefined)?.pairs.forEach(({ value }) => this.accept(value));
    }
  }
  try {
    new Collector().accept(engine.parse(text));
  } catch (error) {
    throw new UsageError([`${file}: ${(error as Error).message}`]);
  }
  return found;
}
