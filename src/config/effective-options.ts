import { UsageError } from '../host/failure.js';
import type { Configuration } from './configuration.js';
import { defaultBuilderId, defaultCacheDirectory, defaultConnection, storeDirectory } from './defaults.js';
import type { IniOption } from './interpolation.js';
import type { IniDocument } from './ini.js';
import { canonical, type Option } from './option.js';
import { withOverrides, type Overrides } from './overrides.js';
import { sectionKinds, type SectionKind } from './section-kinds.js';

/** Where an option has its value from. */
export type OptionOrigin =
  | { readonly from: 'file'; readonly file: string; readonly line: number; readonly like?: string }
  | { readonly from: 'command line' | 'default' | 'not set' };

/** An option as a build would take it. */
export interface EffectiveOption {
  readonly name: string;
  /** As it would be written in a section, with references resolved; undefined where it is not set. */
  readonly value: string | undefined;
  readonly origin: OptionOrigin;
  /** What happens without a value, in markdown. */
  readonly without?: string;
  /** Why a value that is set can't be resolved. */
  readonly problem?: string;
}

/**
 * Every option of a section with its value and where that comes from: those of its kind, and the variables that the
 * section sets or that are used in it.
 *
 * @param mentioned what the answer file's template mentions, `-` for `_`
 * @throws UsageError if there is no such section
 */
export function effectiveOptions(
  configuration: Configuration,
  name: string,
  overrides: Overrides,
  mentioned: ReadonlySet<string>,
): EffectiveOption[] {
  const { document } = withOverrides(configuration.section(name), overrides);
  const kind: SectionKind = sectionKinds[configuration.kind(name) ?? 'image'];
  const table = Object.assign({}, ...kind.tables) as Record<string, Option<unknown>>;
  const spellings = new Map<string, string>();
  const own = document.sections.get(name)?.options ?? new Map<string, IniOption>();
  for (const spelling of [...document.inherited(name).keys(), ...own.keys()]) {
    spellings.set(canonical(spelling), spelling);
  }
  const known = Object.entries(table).map(([option, record]) => {
    const spelling = spellings.get(canonical(option));
    const given = spelling === undefined ? undefined : valueOf(document, name, spelling);
    return given === undefined || given.value === '' ? byDefault(option, record) : { ...given, name: option };
  });
  const names = new Set(Object.keys(table).map(canonical));
  const used = usedIn(document, name, [...own.keys(), ...names, ...mentioned]);
  const others = document
    .optionNames(name)
    .filter((option) => !names.has(canonical(option)) && (own.has(option) || used.has(option)))
    .map((option) => valueOf(document, name, option));
  return [...known, ...others];
}

function byDefault(name: string, record: Option<unknown>): EffectiveOption {
  const value = machineDefaults[name]?.() ?? record.default;
  if (value !== undefined) return { name, value, origin: { from: 'default' } };
  const without = record.defaultDoc === undefined ? {} : { without: record.defaultDoc };
  return { name, value: undefined, origin: { from: 'not set' }, ...without };
}

const machineDefaults: Readonly<Record<string, (() => string) | undefined>> = {
  cache_dir: defaultCacheDirectory,
  'store-dir': () => storeDirectory(undefined, () => undefined),
  connect: defaultConnection,
  'builder-id': defaultBuilderId,
};

function valueOf(document: IniDocument, section: string, name: string): EffectiveOption {
  const origin = originOf(document.raw(section, name));
  try {
    return { name, value: document.get(section, name), origin };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { name, value: undefined, origin, problem: error.problems.join('; ') };
  }
}

function originOf(option: IniOption | undefined): OptionOrigin {
  if (option === undefined) return { from: 'not set' };
  const { file, line, like } = option;
  // The program's own values below the shipped sections have the program's name for a file.
  if (file === '') return { from: 'command line' };
  if (file === 'image-factory') return { from: 'default' };
  return { from: 'file', file, line, ...(like === undefined ? {} : { like }) };
}

/** The options that references lead to from these, as far as the section sees them. */
function usedIn(document: IniDocument, section: string, names: Iterable<string>): ReadonlySet<string> {
  const seen = new Map(document.optionNames(section).map((option) => [canonical(option), option]));
  const used = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const option = document.raw(section, name) === undefined ? seen.get(canonical(name)) : name.toLowerCase();
    if (option === undefined || used.has(option)) continue;
    used.add(option);
    const { value } = document.raw(section, option) ?? { value: '' };
    for (const [, reference] of value.matchAll(/\$\$|\$\{([^}:]+)\}/g)) {
      if (reference !== undefined) waiting.push(reference);
    }
  }
  return used;
}
