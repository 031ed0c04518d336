import type { Configuration, Section } from './configuration.js';
import { canonical } from './option.js';
import { imageOptions } from './options.js';
import { descriptionOptions } from './description-options.js';
import { hasOption, sectionKinds } from './section-kinds.js';
import { didYouMean } from './suggestion.js';

/** What the command line sets for one run, by option name, as text. */
export type Overrides = Readonly<Record<string, string>>;

/** Options that are text, in which a dollar sign begins no reference. */
export function literally(options: Overrides): Overrides {
  return Object.fromEntries(Object.entries(options).map(([name, text]) => [name, text.replaceAll('$', '$$$$')]));
}

/** The section with what the command line sets: references see it. */
export function withOverrides({ name, document }: Section, overrides: Overrides): Section {
  return { name, document: document.with(name, literally(overrides)) };
}

/**
 * What is wrong with options that the command line sets: nothing reads them.
 *
 * @param overridden their names
 * @param mentioned what the image's template mentions, `-` for `_`
 */
export function unknownOverrides(
  configuration: Configuration,
  image: string,
  overridden: readonly string[],
  mentioned: ReadonlySet<string>,
): string[] {
  const { document } = configuration.section(image);
  const seen = new Set([...document.optionNames(image), ...document.references(image)].map(canonical));
  const known = [...Object.keys(imageOptions), ...Object.keys(descriptionOptions)];
  return overridden.flatMap((name) => {
    const spelling = canonical(name.toLowerCase());
    if (spelling === 'like') return ['--set like: a section says what it is like, in a configuration file'];
    if (hasOption(sectionKinds.image, spelling) || mentioned.has(spelling) || seen.has(spelling)) return [];
    if (hasOption(sectionKinds.destination, spelling)) {
      return [`--set ${name}: this is an option of a destination; only those of the image can be set`];
    }
    const hint = didYouMean(name, [...known, ...document.optionNames(image)]);
    return [`--set ${name}: there is no such option${hint}: neither [${image}] nor its answer file knows it`];
  });
}
