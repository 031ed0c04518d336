import type { IniSection } from './ini.js';
import type { IniOption } from './interpolation.js';
import { overlaid } from './overlay.js';
import { headersMeant } from './section-kinds.js';
import { didYouMean } from './suggestion.js';

type Sections = ReadonlyMap<string, IniSection>;

/** Sections of the user's files, those that ship with the program, and what each kind inherits from its [DEFAULT]. */
export interface Layers {
  readonly user: Sections;
  readonly shipped: Sections;
  /** Beneath shipped sections, and beneath sections that take options of shipped ones. */
  readonly shippedDefaults: ReadonlyMap<string, IniOption>;
}

interface Ancestor {
  readonly section: IniSection;
  readonly isShipped: boolean;
}

/**
 * Every section with the options that it takes by `like`: its own, then those of the section that it names, and so on.
 * References in them are resolved in the section that takes them. The user's sections replace shipped ones of the same
 * name; one that is like its own name takes the options of the shipped one.
 *
 * A section whose `like` can't be followed has its own options only, and says why in `problem`.
 */
export function completedSections(layers: Layers): Map<string, IniSection> {
  const completed = new Map<string, IniSection>();
  for (const section of layers.user.values()) completed.set(section.name, whenAsked(layers, section, false));
  for (const section of layers.shipped.values()) {
    if (!completed.has(section.name)) completed.set(section.name, whenAsked(layers, section, true));
  }
  return completed;
}

/** Most commands ask for one section among hundreds. */
function whenAsked(layers: Layers, section: IniSection, isShipped: boolean): IniSection {
  if (!isShipped && !section.options.has('like')) return section;
  let completed: IniSection | undefined;
  const whole = () => (completed ??= complete(layers, section, isShipped));
  return {
    ...section,
    get options() {
      return whole().options;
    },
    get beneath() {
      return whole().beneath;
    },
    get problem() {
      return whole().problem;
    },
  };
}

function complete(layers: Layers, section: IniSection, isShipped: boolean): IniSection {
  const line: Ancestor[] = [{ section, isShipped }];
  for (let last = line[0]; last !== undefined; last = line.at(-1)) {
    const next = ancestorOf(layers, last, section);
    if (next === undefined) break;
    if (typeof next === 'string') return { ...section, problem: next };
    const circle = line.findIndex((earlier) => earlier.section === next.section);
    if (circle >= 0) {
      const names = [...line.slice(circle), next].map((each) => `[${each.section.name}]`);
      return { ...section, problem: problemAt(section, `leads in a circle: ${names.join(' -> ')}`) };
    }
    line.push(next);
  }
  return {
    ...section,
    options: optionsOf(line),
    ...(line.some((each) => each.isShipped) ? { beneath: layers.shippedDefaults } : {}),
  };
}

/** The section that `like` names; undefined where nothing is named, or what is wrong with the name. */
function ancestorOf(
  { user, shipped }: Layers,
  { section, isShipped }: Ancestor,
  asked: IniSection,
): Ancestor | string | undefined {
  const like = section.options.get('like')?.value ?? '';
  if (like === '') return undefined;
  if (like.includes('$')) return problemAt(section, 'takes the name of a section, without references', asked);
  for (const header of headersMeant(section.name, like)) {
    const own = user.get(header);
    if (own !== undefined && own !== section && !(isShipped && header === section.name)) {
      return { section: own, isShipped: false };
    }
    const beneath = shipped.get(header);
    if (beneath !== undefined && beneath !== section) return { section: beneath, isShipped: true };
  }
  if (headersMeant(section.name, like).includes(section.name)) {
    return problemAt(section, 'names the section itself, and none of that name ships with image-factory', asked);
  }
  if (like.toUpperCase() === 'DEFAULT') {
    return problemAt(
      section,
      'every section takes the options of [DEFAULT] by itself; name an image or a family',
      asked,
    );
  }
  // As headersMeant reads a name: without the word of the section's own kind, or of a family.
  const kinds = [`${section.name.split(' ')[0]} `, 'family '];
  const known = [...user.keys(), ...shipped.keys()].flatMap((header) => [
    header,
    ...kinds.filter((kind) => header.startsWith(kind)).map((kind) => header.slice(kind.length)),
  ]);
  return problemAt(section, `names a section that does not exist${didYouMean(like, known)}`, asked);
}

/** The options of all, the first above the others. */
function optionsOf(line: readonly Ancestor[]): ReadonlyMap<string, IniOption> {
  let options: ReadonlyMap<string, IniOption> = new Map();
  for (const { section } of [...line].reverse()) {
    const isAsked = section === line[0]?.section;
    const set = [...section.options]
      .filter(([name]) => isAsked || name !== 'like')
      .map(([name, option]) => [name, isAsked ? option : { ...placed(option), like: section.name }] as const);
    options = overlaid(options, set);
  }
  return options;
}

function placed({ value, file, line }: IniOption): IniOption {
  return { value, file, line };
}

function problemAt(section: IniSection, what: string, asked = section): string {
  const like = section.options.get('like');
  const place = like?.line ? `${like.file}:${like.line}: ` : '';
  const need = asked === section ? '' : `; needed by [${asked.name}]`;
  return `${place}[${section.name}] like = ${like?.value ?? ''}: ${what}${need}`;
}
