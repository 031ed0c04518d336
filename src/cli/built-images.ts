import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { splitName } from '../config/flavored-name.js';
import { canonical } from '../config/option.js';
import { commaList, directory } from '../config/option-types.js';
import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';
import { newestImage } from '../images/newest-image.js';
import { loadConfiguration } from './configuration.js';
import { flavorsMeant, isImageName } from './image-names.js';

/** An image to look at. */
export interface NamedFile {
  readonly file: string;
  /** Rules that its section says do not count (`golden-except`). */
  readonly except: readonly string[];
}

/**
 * Each word is a file, or the name of an image, of which the newest one that was built is meant.
 *
 * @throws UsageError that names each word which is neither
 */
export function filesOf(
  words: readonly string[],
  flags: { readonly config?: string; readonly outputDir?: string },
): NamedFile[] {
  let configuration: Configuration | undefined;
  const problems: string[] = [];
  const files = words.flatMap((word) => {
    if (isFile(word)) return [{ file: word, except: [] }];
    configuration ??= loadConfiguration(flags.config);
    if (!isImageName(configuration, word)) {
      const suggestion = didYouMean(word, configuration.imageNames());
      const what = existsSync(word) ? 'this is no file' : 'there is no such file';
      problems.push(`${word}: ${what}, and no such image in the configuration${suggestion}`);
      return [];
    }
    const { image } = splitName(configuration, word);
    const place = flags.outputDir ?? directory.parse(valueOf(configuration, image, 'output-dir') || '.');
    const except = commaList.parse(valueOf(configuration, image, 'golden-except'));
    const meant = flavorsMeant(configuration, word);
    const built = meant.flatMap((name) => newestImage(place, name) ?? []);
    if (built.length === 0)
      problems.push(`${word}: no such image was built in ${resolve(place)}; --output-dir names another directory`);
    return built.map((file) => ({ file, except }));
  });
  if (problems.length > 0) throw new UsageError(problems);
  return files;
}

/** What may not be looked at is told when it is opened. */
function isFile(word: string): boolean {
  try {
    return statSync(word).isFile();
  } catch {
    return false;
  }
}

function valueOf(configuration: Configuration, image: string, option: 'output-dir' | 'golden-except'): string {
  const { document } = configuration.section(image);
  const spelling = [...document.optionNames(image)].find((name) => canonical(name) === option);
  return (spelling && document.get(image, spelling)) ?? '';
}
