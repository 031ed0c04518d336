import { shippedFile, type Configuration } from './configuration.js';
import { descriptionOption, descriptionOptions } from './description-options.js';
import { canonical, destinationOptions, imageOptions } from './options.js';
import { nearestWord } from './suggestion.js';

const readByProgram = [...Object.keys(imageOptions), ...Object.keys(destinationOptions)];
const known = [...readByProgram, ...Object.keys(descriptionOptions)];
const knownCanonical = new Set(readByProgram.map(canonical));

/**
 * Warnings for options that nothing reads. What a reference (`${…}`) anywhere in the configuration or the answer
 * file's template mentions is the user's own variable; in [DEFAULT], which serves other sections as well, only a name
 * that looks like a slip is told.
 *
 * @param mentioned what the template mentions, `-` for `_`
 */
export function unknownOptions(configuration: Configuration, image: string, mentioned: ReadonlySet<string>): string[] {
  const { document, name } = configuration.section(image);
  const referenced = document.references();
  const own = document.sections.get(name)?.options ?? new Map<string, never>();
  return document.optionNames(name).flatMap((option) => {
    const spelling = canonical(option);
    if (knownCanonical.has(spelling) || /^post-upload-command\d+$/.test(spelling)) return [];
    if (mentioned.has(spelling) || referenced.has(option)) return [];
    const describes = descriptionOption(option) !== undefined;
    const nearest = describes ? undefined : nearestWord(option, known);
    if (!own.has(option) && nearest === undefined) return [];
    const source = document.raw(name, option);
    // What ships serves other sections, and is nobody's slip.
    if (!own.has(option) && source?.file === shippedFile) return [];
    const where = source ? `${source.file}:${source.line}: ` : '';
    if (describes) return [`${where}[${name}] ${option}: the answer file is no template that mentions this option`];
    return [
      `${where}[${own.has(option) ? name : 'DEFAULT'}] unknown option '${option}'${nearest === undefined ? '' : ` (did you mean '${nearest}'?)`}`,
    ];
  });
}
