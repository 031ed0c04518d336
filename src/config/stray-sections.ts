import type { Configuration } from './configuration.js';
import type { IniSection } from './ini.js';
import { canonical } from './option.js';
import { headersMeant } from './section-kinds.js';
import { didYouMean } from './suggestion.js';

/**
 * What is wrong with sections of the user's files that are no image: a `like` that can't be followed, and a section that
 * describes nothing and that nothing refers to, as one with a misspelt name.
 */
export function straySections(configuration: Configuration): string[] {
  const sections = configuration.ownSections();
  const used = usedBy(configuration, sections);
  return sections.flatMap(({ name, place }) => {
    const problem = configuration.problemOf(name);
    if (problem !== undefined) return [problem];
    if (configuration.kind(name) !== undefined || used.has(name)) return [];
    const where = place === undefined ? '' : `${place.file}:${place.line}: `;
    const known = [...configuration.imageNames(), ...used];
    return [
      `${where}[${name}] is neither an image nor a destination, and nothing refers to it${didYouMean(name, known)}`,
    ];
  });
}

/** The sections that references, `like` and `upload_destinations` name, whether they are there or not. */
function usedBy(configuration: Configuration, sections: readonly IniSection[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const { name, options } of [...sections, { name: 'DEFAULT', options: configuration.ownDefaults() }]) {
    for (const [option, { value }] of options) {
      for (const [, section] of value.matchAll(/\$\$|\$\{([^}:]+):[^}]+\}/g))
        if (section !== undefined) used.add(section);
      if (option === 'like') headersMeant(name, value).forEach((header) => used.add(header));
      if (canonical(option) === 'upload-destinations') value.split(',').forEach((each) => used.add(each.trim()));
    }
  }
  return used;
}
