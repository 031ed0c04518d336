import type { Configuration } from './configuration.js';
import { shippedFile } from './configuration-files.js';
import { descriptionOption } from './description-options.js';
import { answerFileKinds } from './image-spec.js';
import type { IniOption } from './interpolation.js';
import { canonical } from './option.js';
import { hasOption, nearestOption, sectionKinds, type SectionKind, type SectionKindName } from './section-kinds.js';

/**
 * Warnings for options that nothing reads, in an image's section and in those of its destinations. What a reference
 * (`${…}`) or the answer file's template mentions is the user's own variable; in [DEFAULT], which serves other sections
 * as well, only a name that looks like a slip is told.
 *
 * @param mentioned what the template mentions, `-` for `_`
 * @param users sections of users
 */
export function unknownOptions(
  configuration: Configuration,
  image: string,
  mentioned: ReadonlySet<string>,
  destinations: readonly string[] = [],
  users: readonly string[] = [],
): string[] {
  const others = [...new Set(destinations)].filter((name) => name !== image && name !== 'DEFAULT');
  const isBoth = destinations.includes(image);
  return [
    ...unknownIn(configuration, image, isBoth ? ['image', 'destination'] : ['image'], mentioned),
    ...others.flatMap((name) => {
      const kind = configuration.kind(name);
      const kinds: SectionKindName[] = kind === 'image' ? ['image', 'destination'] : ['destination'];
      return unknownIn(configuration, name, kinds, mentioned);
    }),
    ...users.flatMap((name) => unknownIn(configuration, name, ['user'], mentioned)),
  ];
}

function unknownIn(
  configuration: Configuration,
  name: string,
  kinds: readonly SectionKindName[],
  mentioned: ReadonlySet<string>,
): string[] {
  const { document } = configuration.section(name);
  const referenced = document.references(name);
  const own = document.sections.get(name)?.options ?? new Map<string, IniOption>();
  // [DEFAULT] serves sections of all kinds; it is told of with the image.
  const names = kinds[0] === 'image' ? document.optionNames(name) : [...own.keys()];
  return names.flatMap((option) => {
    const source = document.raw(name, option);
    // What ships serves other sections, and is not a mistake of the user; so does a copy of it.
    if (source === undefined || source.file === shippedFile) return [];
    if (!own.has(option) && configuration.isShippedDefault(option)) return [];
    if (mentioned.has(canonical(option)) || referenced.has(option)) return [];
    const what = own.has(option) ? wrongWith(option, kinds, names) : wrongInDefault(option);
    if (what === undefined) return [];
    const section = source.like ?? (own.has(option) ? name : 'DEFAULT');
    return [`${source.line > 0 ? `${source.file}:${source.line}: ` : ''}[${section}] ${what}`];
  });
}

/** Only templates read the description: one that does not mention an option ignores it. */
function wrongWith(option: string, kinds: readonly SectionKindName[], others: readonly string[]): string | undefined {
  if (kinds.includes('image') && descriptionOption(option)) {
    if (isSet(others, 'parent')) return `${option}: has no effect in an image with a 'parent', whose system it has`;
    return isOfPackages(others)
      ? `${option}: has no effect in an image that is made from its packages: nothing reads it`
      : `${option}: has no effect: the answer file is no template, or one that does not mention {{${option}}}`;
  }
  if (kinds.some((kind) => hasOption(sectionKinds[kind], option))) return undefined;
  const [mine = 'image'] = kinds;
  const other = Object.values<SectionKind>(sectionKinds).find((kind) => hasOption(kind, option));
  if (other) return `'${option}' is an option of ${other.title}, and does nothing in ${sectionKinds[mine].title}`;
  return `unknown option '${option}'${didYouMeanOption(option, kinds)}`;
}

const isSet = (options: readonly string[], name: string) => options.some((each) => canonical(each) === name);

/** Whether these are options of an image that comes from packages alone. */
function isOfPackages(options: readonly string[]): boolean {
  return isSet(options, 'group') && !answerFileKinds.some((kind) => isSet(options, kind));
}

function wrongInDefault(option: string): string | undefined {
  if (canonical(option) === 'like')
    return "'like' is read in sections, not in [DEFAULT], which all inherit in any case";
  const kinds = Object.keys(sectionKinds) as SectionKindName[];
  if (kinds.some((kind) => hasOption(sectionKinds[kind], option))) return undefined;
  const hint = didYouMeanOption(option, kinds);
  return hint === '' ? undefined : `unknown option '${option}'${hint}`;
}

function didYouMeanOption(option: string, kinds: readonly SectionKindName[]): string {
  for (const kind of kinds) {
    const nearest = nearestOption(sectionKinds[kind], option);
    if (nearest !== undefined) return ` (did you mean '${nearest}'?)`;
  }
  return '';
}
