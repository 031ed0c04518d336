import type { Configuration } from '../config/configuration.js';
import { flavorNames } from '../config/flavored-name.js';
import { boolean } from '../config/option-types.js';
import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';
import { guardProblem, holds, type Facts } from './facts.js';
import { factsOf, knownOptions, knownSuites } from './flavors.js';
import { guardText, parseItems, type Item } from './items.js';
import { noting, ownOption } from './own-options.js';

/** A package that groups ask for. */
export interface Member {
  readonly name: string;
  /** Groups that ask for it: each with those that it is in, the outermost last: `base`, `server`, `web`. */
  readonly from: readonly (readonly string[])[];
}

/** A package or group that is not there, and why. */
export interface LeftOut {
  readonly name: string;
  readonly group: string;
  readonly why: string;
}

/** What stands for the group that excludes a package where the option **packages** of the image leaves it out. */
export const leftOutByOption = '-';

/** Who excludes a package, as messages say it. */
export function excluderText(by: string | undefined): string {
  return by === leftOutByOption ? "the option 'packages'" : `[group ${by ?? ''}]`;
}

/** What a group is for an image: all names, sorted. */
export interface ResolvedGroup {
  readonly members: readonly Member[];
  /** Packages that must not come in, and the group that says so, or {@link leftOutByOption}. */
  readonly excluded: ReadonlyMap<string, string>;
  readonly recommends: boolean;
  readonly leftOut: readonly LeftOut[];
  /** Every group that is in it, in the order in which they are met. */
  readonly groups: readonly string[];
}

/** The names of all groups. */
export function groupNames(configuration: Configuration): string[] {
  return configuration.sectionNames('group').map((name) => name.replace(/^group +/, ''));
}

/**
 * What groups are for an image with these facts.
 *
 * @throws UsageError with every problem: unknown groups and facts, circles, a package that is both taken and excluded
 */
export function resolveGroups(configuration: Configuration, names: readonly string[], facts: Facts): ResolvedGroup {
  const resolver = new Resolver(configuration, facts);
  const parts = names.flatMap((name) => resolver.contentOf(name, []) ?? []);
  const whole = resolver.union(parts, names.length > 1 ? 'the groups of the image' : '');
  if (resolver.problems.length > 0) throw new UsageError([...new Set(resolver.problems)]);
  return {
    members: [...whole.members]
      .map(([name, from]) => ({ name, from: [...from].sort((a, b) => (a.join() < b.join() ? -1 : 1)) }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
    excluded: new Map([...whole.excluded].sort(([one], [other]) => (one < other ? -1 : 1))),
    recommends: whole.recommends ?? false,
    leftOut: resolver.leftOut.filter(({ name }) => !whole.members.has(name)),
    groups: [...resolver.met],
  };
}

/** What is wrong with the groups and flavors of the user's own files, whether an image names them or not. */
export function groupProblems(configuration: Configuration): string[] {
  const problems: string[] = [];
  const own = (names: readonly string[], kind: string) =>
    names.filter((name) => configuration.isOwn(`${kind} ${name}`));
  for (const flavor of own(flavorNames(configuration), 'flavor')) {
    noting(problems, () => factsOf(configuration, { flavor }));
  }
  for (const name of own(groupNames(configuration), 'group')) {
    noting(problems, () => resolveGroups(configuration, [name], factsOf(configuration, {})));
  }
  return [...new Set(problems)];
}

interface Content {
  readonly name: string;
  readonly members: Map<string, readonly (readonly string[])[]>;
  readonly excluded: Map<string, string>;
  readonly recommends: boolean | undefined;
}

class Resolver {
  readonly problems: string[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly met = new Set<string>();
  readonly #known: string[];
  readonly #suites: readonly string[];
  readonly #done = new Map<string, Content>();

  constructor(
    private readonly configuration: Configuration,
    private readonly facts: Facts,
  ) {
    this.#known = Object.keys(knownOptions(configuration));
    this.#suites = knownSuites(configuration);
  }

  /** @param path the groups that lead to this one */
  contentOf(name: string, path: readonly string[], place = ''): Content | undefined {
    const circle = path.indexOf(name);
    if (circle >= 0) {
      const names = [...path.slice(circle), name].map((each) => `[group ${each}]`);
      this.problems.push(`${place}: leads in a circle: ${names.join(' -> ')}`);
      return undefined;
    }
    const done = this.#done.get(name);
    if (done !== undefined) return done;
    const section = `group ${name}`;
    if (this.configuration.kind(section) !== 'group') {
      const names = groupNames(this.configuration);
      const where = place === '' ? '' : `${place}: `;
      this.problems.push(
        `${where}there is no section [group ${name}]${didYouMean(name, names)}: the groups are ${names.join(', ')}`,
      );
      return undefined;
    }
    this.met.add(name);
    const content = noting(this.problems, () => this.#read(name, section, [...path, name]));
    if (content !== undefined) this.#done.set(name, content);
    return content;
  }

  #read(name: string, section: string, path: readonly string[]): Content {
    const below = this.#items(section, 'groups').flatMap(
      ({ item, place }) => this.contentOf(item.name, path, place) ?? [],
    );
    const packages = this.#items(section, 'packages');
    const exclude = this.#items(section, 'exclude');
    const wanted = new Set(packages.map(({ item }) => item.name));
    for (const { item, place } of [...packages, ...exclude]) this.#checkPackage(item.name, place);
    for (const { item, place } of exclude) {
      if (wanted.has(item.name)) this.problems.push(`${place}: '${item.name}' is in 'packages' of the group as well`);
    }
    const decided = new Set([...wanted, ...exclude.map(({ item }) => item.name)]);
    const union = this.union(below, `[${section}]`, decided);
    const members = new Map([...union.members].map(([each, from]) => [each, from.map((names) => [...names, name])]));
    for (const { item } of exclude) {
      members.delete(item.name);
      union.excluded.set(item.name, name);
    }
    for (const each of wanted) {
      members.set(each, [[name], ...(members.get(each) ?? [])]);
      union.excluded.delete(each);
    }
    const own = ownOption(this.configuration, section, 'recommends');
    return { name, members, excluded: union.excluded, recommends: own ? this.#boolean(own) : union.recommends };
  }

  /**
   * What several groups are together.
   *
   * @param where of the group that they are in, for messages
   * @param decided what that group decides itself
   */
  union(parts: readonly Content[], where: string, decided: ReadonlySet<string> = new Set()): Content {
    const members = new Map<string, readonly (readonly string[])[]>();
    const excluded = new Map<string, string>();
    for (const part of parts) {
      for (const [name, from] of part.members) members.set(name, [...(members.get(name) ?? []), ...from]);
      for (const [name, by] of part.excluded) excluded.set(name, excluded.get(name) ?? by);
    }
    for (const [name, by] of excluded) {
      const from = members.get(name)?.[0];
      if (from === undefined) continue;
      if (where !== '' && !decided.has(name)) {
        this.problems.push(
          `${where}: [group ${by}] excludes '${name}', and [group ${from[0] ?? ''}] takes it: say which in 'packages' or 'exclude' of ${where}`,
        );
      }
    }
    return { name: '', members, excluded, recommends: this.#recommendsOf(parts, where) };
  }

  /** Groups at one level in which the order of names would decide are an error, unless the group that has them says it. */
  #recommendsOf(parts: readonly Content[], where: string): boolean | undefined {
    const saying = (word: boolean) => parts.find(({ recommends }) => recommends === word);
    const [yes, no] = [saying(true), saying(false)];
    if (yes !== undefined && no !== undefined && where !== '' && !this.#saysRecommends(where)) {
      this.problems.push(
        `${where}: [group ${yes.name}] has 'recommends = yes', and [group ${no.name}] 'recommends = no': ${where.startsWith('[') ? `say which in 'recommends' of ${where}` : 'make a group of them that says which'}`,
      );
    }
    if (yes !== undefined) return true;
    return no === undefined ? undefined : false;
  }

  #saysRecommends(where: string): boolean {
    const section = where.replace(/^\[|\]$/g, '');
    return (
      this.configuration.kind(section) === 'group' && ownOption(this.configuration, section, 'recommends') !== undefined
    );
  }

  /** The items of an option whose guards hold. */
  #items(section: string, option: 'packages' | 'groups' | 'exclude'): { item: Item; place: string }[] {
    const own = ownOption(this.configuration, section, option);
    if (own === undefined) return [];
    let items: Item[];
    try {
      items = parseItems(own.text);
    } catch (error) {
      this.problems.push(`${own.place}: expected ${(error as Error).message}`);
      return [];
    }
    return items.flatMap((item) => {
      const wrong = item.guards.flatMap((guard) => guardProblem(guard, this.#known, this.#suites) ?? []);
      this.problems.push(...wrong.map((problem) => `${own.place}: ${item.name} ${guardText(item.guards)}: ${problem}`));
      if (wrong.length > 0) return [];
      if (holds(item.guards, this.facts)) return [{ item, place: own.place }];
      if (option !== 'exclude') {
        const group = section.replace(/^group +/, '');
        const shown = option === 'groups' ? `group ${item.name}` : item.name;
        this.leftOut.push({ name: shown, group, why: `${guardText(item.guards)} does not hold` });
      }
      return [];
    });
  }

  #checkPackage(name: string, place: string): void {
    if (/^[A-Za-z0-9?@/][A-Za-z0-9+._:~=()/?|@*-]*$/.test(name) && !/[-]$/.test(name)) return;
    const hint = name.startsWith('-') ? "; what is to be left out is named in 'exclude'" : '';
    this.problems.push(`${place}: '${name}' is no name of a package${hint}`);
  }

  #boolean({ text, place }: { text: string; place: string }): boolean | undefined {
    try {
      return boolean.parse(text);
    } catch (error) {
      this.problems.push(`${place} = ${text}: expected ${(error as Error).message}`);
      return undefined;
    }
  }
}
