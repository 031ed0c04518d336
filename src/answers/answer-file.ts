import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { descriptionDefaults, descriptionOption } from '../config/description-options.js';
import type { DescribedOption } from '../config/image-spec.js';
import type { UserAccount } from '../config/user-account.js';
import { canonical } from '../config/option.js';
import { didYouMean } from '../config/suggestion.js';
import { reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import { accountHelpers } from './account-helpers.js';
import { escapePrinted, escapes, type TemplateKind } from './escape.js';
import { fileHelpers } from './file-helpers.js';
import { layoutHelpers, type PlacedLayout } from './layout-helpers.js';
import { installedMachine, type SourcedLayout } from './partitioning/partitioning.js';
import { TemplateEngine } from './template.js';
import { block, templateHelpers } from './template-helpers.js';
import type { TemplateFile } from './template-syntax.js';

export interface AnswerFile {
  /** The name under which it lies in the installer's root directory. */
  readonly name: string;
  readonly content: Buffer;
  /** The variables that the template mentions, `-` for `_`; none for a plain file. */
  readonly mentioned: ReadonlySet<string>;
}

export interface AnswerFileSource {
  readonly kind: TemplateKind;
  readonly path: string;
  /** Values by option name; `-` and `_` mean the same. Options that describe the system have their defaults. */
  readonly variables: Readonly<Record<string, string>>;
  /** Where those options are set, and what is wrong with them. */
  readonly description?: Readonly<Record<string, DescribedOption>>;
  /** What is wrong with options that are set and can't be resolved, by name with `-`. */
  readonly unresolved?: Readonly<Record<string, readonly string[]>>;
  /** Where the section names the file: `my.conf:3: [web] preseed`. */
  readonly place?: string | undefined;
  /**
   * The layout that the section names, and where: `my.conf:3: [web] layout = lvm`. It is read if the template wants it.
   *
   * @throws UsageError with everything that is wrong with it
   */
  readonly layout?: { readonly place: string; readonly read: () => Promise<SourcedLayout> } | undefined;
  /** The users that `users` names; none where it is not set. */
  readonly users?: readonly UserAccount[];
  /** The directories that `files` names. */
  readonly files?: readonly string[];
  /** What to do where variables are missing. */
  readonly advice?: string | undefined;
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

function findAnswerFile({ kind, path, searchPath, place }: AnswerFileSource): string {
  const candidates = [...new Set([resolve(path), ...searchPath.map((directory) => resolve(directory, path))])];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new UsageError([
    `${place ?? kind} = ${path}: there is no such answer file; looked for ${candidates.join(', ')}`,
  ]);
}

function readFile(file: string, kind: TemplateKind): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError([`${kind}: can't read ${file}: ${reasonOf(error)}`]);
  }
}

/** A template needs what only the user can say, such as the mirror of a distribution that has no public one. */
export class SettingMissing extends UsageError {}

/** What a helper prints that speaks, but has no value: not even an empty one in quotes. */
const nothing = Symbol('nothing');

async function renderTemplate(
  {
    kind,
    variables,
    searchPath,
    description = {},
    unresolved = {},
    place,
    advice,
    layout,
    users = [],
    files = [],
  }: AnswerFileSource,
  main: TemplateFile,
): Promise<Omit<AnswerFile, 'name'>> {
  const values = underBothSpellings(withDefaults(variables));
  const partials = partialFiles([dirname(main.file), ...searchPath]);
  const problems: string[] = [];
  const missing: string[] = [];
  let sourced: PlacedLayout | undefined;
  const engine = await TemplateEngine.create({
    ...templateHelpers,
    cannot: {
      takes: ['text', 'text'],
      does(option: string, reason: string) {
        const value = values[option] ?? '';
        if (!saysNothing(option, value)) {
          const place = option === 'layout' ? layout?.place : description[option]?.place;
          problems.push(`${place ?? `${option} = ${value}`}: ${kind} can't do that: ${reason}`);
        }
        return nothing;
      },
    },
    needs: {
      takes: ['text', 'text'],
      does(option: string, what: string) {
        if (!values[option]) missing.push(`${option} is not set: set it in [DEFAULT] to ${what}`);
        return nothing;
      },
    },
    text: block((text) => escapes[kind](text.trim())),
    ...accountHelpers(users),
    ...fileHelpers(files),
    ...layoutHelpers(
      kind,
      installedMachine(values),
      () => sourced,
      (found) => problems.push(...found),
    ),
  });
  const mentioned = new Set<string>();
  const lacking = new Set<string>();
  const mainSyntax = engine.read(main);
  const read = new Map([[main.file, mainSyntax]]);

  // A Map's iteration goes on over what is added on the way: partials of partials are read as well.
  for (const [file, syntax] of read) {
    problems.push(...syntax.problems);
    for (const { name, line, what, inside } of syntax.references) {
      if (what === 'variable') {
        mentioned.add(canonical(name));
        const unresolvable = Object.hasOwn(unresolved, canonical(name)) ? unresolved[canonical(name)] : undefined;
        if (unresolvable !== undefined) {
          problems.push(...unresolvable);
          continue;
        }
        if (advice !== undefined && !inside && !Object.hasOwn(values, name)) {
          lacking.add(name);
          continue;
        }
        const problem = problemOf(kind, name, values, inside);
        if (problem !== undefined) problems.push(`${file}:${line}: ${problem}`);
        continue;
      }
      const partial = partials.get(name);
      if (partial === undefined) {
        problems.push(`${file}:${line}: there is no partial '${name}'${didYouMean(name, partials.keys())}`);
      } else if (!read.has(partial)) {
        const partialSyntax = engine.read({ file: partial, text: readPartial(partial, `${file}:${line}`) });
        read.set(partial, partialSyntax);
        engine.addPartial(name, partialSyntax);
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

  if (lacking.size > 0) {
    problems.push(
      `${place ?? kind}: the section does not have the variables of ${main.file} (${[...lacking].join(', ')}): ${advice}`,
    );
  }
  if (mentioned.has('layout')) sourced = await readLayout(layout, problems);
  const found = problems.length;
  // What is not even a template's language would only be told a second time.
  if ([...read.values()].some((syntax) => syntax.problems.length > 0)) throw new UsageError(problems);
  let text = '';
  try {
    text = engine.render(mainSyntax, values, (printed) => (printed === nothing ? '' : escapePrinted(kind, printed)));
  } catch (error) {
    // What is wrong already explains it.
    if (found === 0) problems.push(...describedError(error, main.file));
  }
  if (problems.length === 0 && missing.length > 0) throw new SettingMissing([...new Set(missing)]);
  if (problems.length > 0) throw new UsageError([...new Set([...problems, ...missing])]);
  return { content: Buffer.from(text), mentioned };
}

/** The layout of the section; what is wrong with it becomes problems. */
async function readLayout(layout: AnswerFileSource['layout'], problems: string[]): Promise<PlacedLayout | undefined> {
  try {
    return layout && { ...(await layout.read()), place: layout.place };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** What rendering ended with: its own words begin with file and line. */
function describedError(error: unknown, main: string): string[] {
  const { message } = error as Error;
  return [/^[^\n]+:\d+: /.test(message) ? message : `${main}: ${message}`];
}

function readPartial(file: string, place: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError([`${place}: can't read the partial ${file}: ${reasonOf(error)}`]);
  }
}

/** Whether an option leaves to the distribution what it is about: it is empty, or at its default. */
function saysNothing(option: string, value: string): boolean {
  if (option === 'layout') return value === '';
  const initial = descriptionDefaults[option];
  const type = descriptionOption(option)?.type;
  if (initial === undefined || type === undefined) throw new Error(`cannot: no option '${option}' describes a system`);
  return value === '' || (initial !== '' && isDeepStrictEqual(type.parse(value), type.parse(initial)));
}

/** Options that describe the system are always there, layout and files too; set to nothing, they are empty only if that is a value. */
function withDefaults(variables: Readonly<Record<string, string>>): Record<string, string> {
  const values = { ...variables };
  const given = new Map(Object.keys(variables).map((name) => [canonical(name), name]));
  for (const [option, initial] of Object.entries(descriptionDefaults)) {
    const name = given.get(option) ?? option;
    if (!values[name] && !takesNothing(option)) values[name] = initial;
    values[name] ??= initial;
  }
  for (const option of ['layout', 'files']) {
    if (!given.has(option)) values[option] = '';
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

function problemOf(
  kind: TemplateKind,
  name: string,
  values: Readonly<Record<string, string>>,
  inside: string | undefined,
): string | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) {
    const element = inside === undefined ? '' : `; what belongs to an element of ${inside} is {{this.${name}}}`;
    return `the variable '${name}' is not defined: no option of the section has that name${didYouMean(name, Object.keys(values))}${element}`;
  }
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
