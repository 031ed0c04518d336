import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { canonical } from '../config/option.js';
import { commaList, directory } from '../config/option-types.js';
import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';
import { loadConfiguration } from './configuration.js';

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
    if (!configuration.imageNames().includes(word)) {
      const suggestion = didYouMean(word, configuration.imageNames());
      const what = existsSync(word) ? 'this is no file' : 'there is no such file';
      problems.push(`${word}: ${what}, and no such image in the configuration${suggestion}`);
      return [];
    }
    const place = flags.outputDir ?? directory.parse(valueOf(configuration, word, 'output-dir') || '.');
    const newest = newestImage(place, word);
    if (newest === undefined)
      problems.push(`${word}: no such image was built in ${resolve(place)}; --output-dir names another directory`);
    return newest === undefined
      ? []
      : [{ file: newest, except: commaList.parse(valueOf(configuration, word, 'golden-except')) }];
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

/** By the date in its name; of one day, a qcow2 rather than the raw disk that it was made of. */
function newestImage(place: string, image: string): string | undefined {
  const names = existsSync(place) ? readdirSync(place) : [];
  const [newest] = names
    .filter(
      (name) => name.startsWith(`${image}-`) && /^\d{4}-\d{2}-\d{2}\.(qcow2|raw)$/.test(name.slice(image.length + 1)),
    )
    .toSorted((one, other) =>
      dayOf(one) === dayOf(other) ? (one < other ? -1 : 1) : dayOf(one) < dayOf(other) ? 1 : -1,
    );
  return newest && join(place, newest);
}

const dayOf = (name: string) => name.replace(/\.\w+$/, '');
