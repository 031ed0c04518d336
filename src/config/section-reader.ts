import { UsageError } from '../host/failure.js';
import type { Section } from './configuration.js';
import { descriptionOption, descriptionOptions } from './description-options.js';
import type { DescribedOption } from './image-spec.js';
import type { IniDocument } from './ini.js';
import { camelCase, canonical, type Option, type Values } from './option.js';
import { maskUrl, maskUrls } from '../host/url-mask.js';
import { isSecret } from './secrets.js';
import { hasOption, sectionKinds, type SectionKind } from './section-kinds.js';
import { nearestWord } from './suggestion.js';

/** Every option that a section sees: what can be resolved, and what is wrong with the rest. */
export interface SeenOptions {
  /** As text, by the name that the section gives it. */
  readonly variables: Readonly<Record<string, string>>;
  /** Why an option can't be resolved, by its name with `-` for `_`. */
  readonly unresolved: Readonly<Record<string, readonly string[]>>;
}

/** Reads the options of one section as their types have it, and notes what is wrong with those that are asked for. */
export class SectionReader {
  /** How the section spells an option, by the spelling that `-` and `_` share. */
  readonly #spellings = new Map<string, string>();

  readonly #section: string;
  readonly #document: IniDocument;

  constructor(
    { name, document }: Section,
    readonly problems: string[],
  ) {
    this.#section = name;
    this.#document = document;
    const own = document.sections.get(name)?.options.keys() ?? [];
    // Later wins: a section's `image_size` beats the `image-size` of [DEFAULT], and the command line beats both.
    for (const spelling of [...document.inherited(name).keys(), ...own]) {
      this.#spellings.set(canonical(spelling), spelling);
    }
  }

  /** Whether an option is not set, or is set to nothing. One that can't be resolved is set. */
  lacks(name: string): boolean {
    const spelling = this.#spellings.get(canonical(name));
    return spelling === undefined || this.#text(spelling, []) === '';
  }

  lacksAll(names: readonly string[]): boolean {
    return names.every((name) => this.lacks(name));
  }

  /** @param option the one whose line is to blame; none is where something is missing */
  complain(problem: string, option?: string): void {
    const spelling = option === undefined ? undefined : this.#spellings.get(canonical(option));
    if (spelling !== undefined && this.#line(spelling) !== '') {
      this.problems.push(`${this.#line(spelling)}[${this.#section}]: ${problem}`);
    } else {
      this.problems.push(`${this.header()}[${this.#section}]: ${problem}`);
    }
  }

  /** The configuration file that sets an option; undefined for one of the command line, or of none. */
  fileOf(option: string): string | undefined {
    const spelling = this.#spellings.get(canonical(option));
    const source = spelling === undefined ? undefined : this.#document.raw(this.#section, spelling);
    return source?.line ? source.file : undefined;
  }

  /** `my.conf:1: ` of the section's header. */
  header(): string {
    const place = this.#document.sections.get(this.#section)?.place;
    return place === undefined ? '' : `${place.file}:${place.line}: `;
  }

  /** Complains of options that one file sets twice in the section, once with `-` and once with `_`. */
  rejectBothSpellings(kind: SectionKind): void {
    for (const options of [
      this.#document.inherited(this.#section),
      this.#document.sections.get(this.#section)?.options,
    ]) {
      const seen = new Map<string, string>();
      for (const [spelling, option] of options ?? []) {
        const before = options?.get(seen.get(canonical(spelling)) ?? '');
        seen.set(canonical(spelling), spelling);
        if (before === undefined || before.file !== option.file || before.line === option.line) continue;
        if (option.line === 0 || !hasOption(kind, spelling)) continue;
        const [first, second] = before.line < option.line ? [before, option] : [option, before];
        this.problems.push(
          `${second.file}:${second.line}: [${this.#section}] ${canonical(spelling)} is set twice, first in line ${first.line}: '-' and '_' mean the same`,
        );
      }
    }
  }

  /** Every option that the section sees. [DEFAULT] may hold what only other sections complete: it counts when it is read. */
  seen(): SeenOptions {
    const variables: Record<string, string> = {};
    const unresolved: Record<string, readonly string[]> = {};
    for (const spelling of this.#document.optionNames(this.#section)) {
      const problems: string[] = [];
      const text = this.#text(spelling, problems);
      if (text === undefined) unresolved[canonical(spelling)] = problems;
      else variables[spelling] = text;
    }
    return { variables, unresolved };
  }

  /** Of these, what the section does not set and can refer to nevertheless. */
  derived(names: readonly string[]): Record<string, string> {
    const values: Record<string, string> = {};
    for (const name of names) {
      if (this.#spellings.has(canonical(name))) continue;
      const text = this.#text(name, []);
      if (text !== undefined) values[name] = text;
    }
    return values;
  }

  /** The options that describe the installed system, as far as they are set. */
  description(): Record<string, DescribedOption> {
    const described: Record<string, DescribedOption> = {};
    for (const name of Object.keys(descriptionOptions)) {
      const spelling = this.#spellings.get(name);
      const text = spelling === undefined ? '' : this.#text(spelling, []);
      if (spelling !== undefined && text) described[name] = this.#described(spelling, text);
    }
    return described;
  }

  #described(spelling: string, text: string): DescribedOption {
    const place = this.#place(spelling, text);
    try {
      descriptionOption(spelling)?.type.parse(text);
      return { place };
    } catch (error) {
      return { place, fault: `expected ${(error as Error).message}` };
    }
  }

  /** Where options are set, for messages, by name with `-`: `my.conf:3: [debian-13] linux`. */
  places(names: Iterable<string>): Record<string, string> {
    const places: Record<string, string> = {};
    for (const name of names) {
      const spelling = this.#spellings.get(canonical(name));
      if (spelling !== undefined) {
        places[canonical(name)] = `${this.#line(spelling)}[${this.#section}] ${spelling}`;
      }
    }
    return places;
  }

  /** ` (is it 'intrd'?)` where the section has an option that nothing knows and that is spelt nearly so. */
  nearMiss(option: string): string {
    const known = Object.values<SectionKind>(sectionKinds);
    const unknown = [...this.#spellings.keys()].filter((given) => !known.some((kind) => hasOption(kind, given)));
    const nearest = nearestWord(option, unknown);
    return nearest === undefined ? '' : ` (is it '${this.#spellings.get(nearest) ?? nearest}'?)`;
  }

  values<Table extends Record<string, Option<unknown>>>(table: Table): Values<Table> {
    return Object.fromEntries(
      Object.entries(table).map(([name, option]) => [camelCase(name), this.#value(name, option)]),
    ) as unknown as Values<Table>;
  }

  /** The values of `name`, `name1`, `name2`, … up to the first number that is not there. */
  numbered<T>(name: string, option: Option<T>): T[] {
    const names = [name];
    for (let number = 1; this.#spellings.has(canonical(`${name}${number}`)); number++) names.push(`${name}${number}`);
    return names.map((each) => this.#value(each, option)).filter((value) => value !== undefined);
  }

  #value<T>(name: string, option: Option<T>): T | undefined {
    const spelling = this.#spellings.get(canonical(name));
    const given = spelling === undefined ? undefined : this.#text(spelling, this.problems);
    const text = given || option.default;
    if (text === undefined) return undefined;
    try {
      return option.type.parse(text);
    } catch (error) {
      this.problems.push(`${this.#place(spelling ?? name, text)}: expected ${(error as Error).message}`);
      // Whoever reads the value may rely on its type: what is wrong is told in the end.
      return option.default === undefined ? undefined : option.type.parse(option.default);
    }
  }

  /** `my.conf:3: [debian-12] ram = 1024` */
  #place(spelling: string, text: string): string {
    const shown = isSecret(spelling) ? '…' : withoutSecrets(text.replaceAll('\n', ' '));
    return `${this.#line(spelling)}[${this.#section}] ${spelling} = ${shown}`;
  }

  /** `my.conf:3: `, `command line: `, or nothing for what is not set. */
  #line(spelling: string): string {
    const source = this.#document.raw(this.#section, spelling);
    if (source === undefined) return '';
    return source.line > 0 ? `${source.file}:${source.line}: ` : 'command line: ';
  }

  #text(spelling: string, problems: string[]): string | undefined {
    try {
      return this.#document.get(this.#section, spelling);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  }
}

/** A value that is a URL may be one that can't be read, blanks and all. */
function withoutSecrets(text: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? maskUrl(text) : maskUrls(text);
}
