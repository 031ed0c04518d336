import { UsageError } from '../host/failure.js';
import { defaultSection, IniReader, type IniSection, type IniSource } from './ini-reader.js';
import { interpolate, type IniOption } from './interpolation.js';
import { overlaid } from './overlay.js';
import { didYouMean } from './suggestion.js';

export type { IniSection, IniSource, Place } from './ini-reader.js';
export type { IniOption } from './interpolation.js';

/** What references find that stands in no section and no file. */
export interface Surroundings {
  /** Options that only references see, below everything else. */
  readonly constants?: ReadonlyMap<string, IniOption>;
  /**
   * Options that only references see, where neither the section nor [DEFAULT] sets them, and that follow from others.
   *
   * @param valueOf the value of another option of the section; undefined where it is not set or can't be resolved
   */
  readonly derived?: (option: string, valueOf: (option: string) => string | undefined) => IniOption | undefined;
  /** What to do about an option that is not set in a section; empty if nothing is known. */
  readonly advice?: (section: string, option: string) => string;
}

/**
 * Configuration files, understood exactly as Python's `configparser.ConfigParser(interpolation=ExtendedInterpolation())`
 * understands them (Lib/configparser.py of CPython 3.11): the files people have were written for it.
 *
 * Values are interpolated when they are asked for, so that a mistake in one section does not stand in another's way.
 * Names are case-insensitive for options and case-sensitive for sections; [DEFAULT] may be asked like any section.
 */
export class IniDocument {
  readonly defaults: IniSection;
  /** Without [DEFAULT], in the order of the files. */
  readonly sections: ReadonlyMap<string, IniSection>;

  readonly #surroundings: Surroundings;

  private constructor(
    defaults: IniSection,
    sections: ReadonlyMap<string, IniSection>,
    surroundings: Surroundings = {},
  ) {
    this.defaults = defaults;
    this.sections = sections;
    this.#surroundings = surroundings;
  }

  /** The same document with other sections, and with what its references find outside of it. */
  within(
    sections: ReadonlyMap<string, IniSection>,
    surroundings: Surroundings,
    defaults: IniSection = this.defaults,
  ): IniDocument {
    return new IniDocument(defaults, sections, surroundings);
  }

  /**
   * Reads files in order; an option set in several keeps the last value.
   *
   * @throws UsageError with file and line of every problem: a section or option twice in one file, an option before
   *   any section, a line that is neither header nor option
   */
  static parse(sources: readonly IniSource[]): IniDocument {
    const reader = new IniReader();
    for (const source of sources) reader.read(source);
    if (reader.problems.length > 0) throw new UsageError(reader.problems);
    return new IniDocument(reader.defaults, reader.sections);
  }

  /** Whether there is such a section; [DEFAULT] is none. */
  has(section: string): boolean {
    return this.sections.has(section);
  }

  /** The option as it stands in the section, else in [DEFAULT]; undefined if in neither, or if there is no such section. */
  raw(section: string, option: string): IniOption | undefined {
    const name = option.toLowerCase();
    const found = this.#section(section);
    return (
      found &&
      (found.options.get(name) ??
        this.inherited(section).get(name) ??
        this.#surroundings.derived?.(name, (other) => this.#known(section, other)) ??
        this.#surroundings.constants?.get(name))
    );
  }

  #known(section: string, option: string): string | undefined {
    try {
      return this.get(section, option);
    } catch (error) {
      if (error instanceof UsageError) return undefined;
      throw error;
    }
  }

  /** What the section sees where it does not set an option itself: [DEFAULT], for most. */
  inherited(section: string): ReadonlyMap<string, IniOption> {
    return this.#section(section)?.beneath ?? this.defaults.options;
  }

  /** What to do about an option that is not set in a section; empty if nothing is known. */
  advice(section: string, option: string): string {
    return this.#surroundings.advice?.(section, option) ?? '';
  }

  /**
   * The section's own options, then those of [DEFAULT] that it does not set itself.
   *
   * @throws UsageError if there is no such section
   */
  optionNames(section: string): string[] {
    const found = this.#section(section);
    if (!found) throw new UsageError([`there is no section [${section}]${didYouMean(section, this.sections.keys())}`]);
    return [...new Set([...found.options.keys(), ...this.inherited(section).keys()])];
  }

  /**
   * The option's value with its references resolved; undefined if the option is not set, or if there is no such section.
   *
   * @param extra further variables, Python's `vars`: they win over the section's options, the asked one included, but
   *   only the option's own value sees them, not the values that it refers to
   * @throws UsageError if a reference can't be resolved
   */
  get(section: string, option: string, extra: Readonly<Record<string, string>> = {}): string | undefined {
    if (!this.#section(section)) return undefined;
    const variables = new Map(Object.entries(extra).map(([name, value]) => [name.toLowerCase(), value]));
    const name = option.toLowerCase();
    const given = variables.get(name);
    const value = given === undefined ? this.raw(section, name) : { value: given };
    return value && interpolate(this, { section, option: name, value }, variables);
  }

  /**
   * Every option that the section sees, with its references resolved. The object has no prototype: an option may be
   * called `__proto__`, and one called `constructor` is there only if it is set.
   *
   * @throws UsageError if there is no such section; or with every option that can't be resolved
   */
  items(section: string): Record<string, string> {
    const values = Object.create(null) as Record<string, string>;
    const problems: string[] = [];
    for (const option of this.optionNames(section)) {
      try {
        values[option] = this.get(section, option) ?? '';
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new UsageError(problems);
    return values;
  }

  /**
   * The same document with options of a section set, as `set` of Python's configparser does: references see them. They
   * follow the section's other options, and replace those that are spelt with `-` for `_`.
   */
  with(section: string, values: Readonly<Record<string, string>>): IniDocument {
    const found = this.#section(section);
    if (!found) return this;
    const set = Object.entries(values).map(([name, value]) => [name, { value, file: '', line: 0 }] as const);
    const changed = { ...found, name: found.name, options: overlaid(found.options, set, this.inherited(section)) };
    return section === defaultSection
      ? new IniDocument(changed, this.sections, this.#surroundings)
      : new IniDocument(this.defaults, new Map(this.sections).set(section, changed), this.#surroundings);
  }

  /** The names of all options, in lower case, that the references mention which may be meant for this section. */
  references(section: string): ReadonlySet<string> {
    const asked = this.#section(section)?.beneath;
    const near = [...this.sections.values()].filter(({ beneath }) => asked !== undefined || beneath === undefined);
    const names = new Set<string>();
    for (const options of [this.inherited(section), ...near.map((each) => each.options)]) {
      for (const { value } of options.values()) {
        for (const [, name] of value.matchAll(/\$\$|\$\{(?:[^}:]*:)?([^}:]+)\}/g)) {
          if (name !== undefined) names.add(name.toLowerCase());
        }
      }
    }
    return names;
  }

  #section(name: string): IniSection | undefined {
    return name === defaultSection ? this.defaults : this.sections.get(name);
  }
}
