import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { canonical } from '../config/option.js';
import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';
import { loadConfiguration } from './configuration.js';

/**
 * Each word is a file, or the name of an image, of which the newest one that was built is meant.
 *
 * @throws UsageError that names each word which is neither
 */
export function filesOf(
  words: readonly string[],
  flags: { readonly config?: string; readonly outputDir?: string },
): string[] {
  let configuration: Configuration | undefined;
  const problems: string[] = [];
  const files = words.flatMap((word) => {
    if (existsSync(word)) {
      if (statSync(word).isFile()) return [word];
      problems.push(`${word}: expected an image, which is a file`);
      return [];
    }
    configuration ??= loadConfiguration(flags.config);
    if (!configuration.imageNames().includes(word)) {
      const suggestion = didYouMean(word, configuration.imageNames());
      problems.push(`${word}: there is no such file, and no such image in the configuration${suggestion}`);
      return [];
    }
    const directory = flags.outputDir ?? outputDirectory(configuration, word);
    const newest = newestImage(directory, word);
    if (newest === undefined)
      problems.push(`${word}: no such image was built in ${resolve(directory)}; --output-dir names another directory`);
    return newest ?? [];
  });
  if (problems.length > 0) throw new UsageError(problems);
  return files;
}

function outputDirectory(configuration: Configuration, image: string): string {
  const { document } = configuration.section(image);
  const spelling = [...document.optionNames(image)].find((name) => canonical(name) === 'output-dir');
  return (spelling && document.get(image, spelling)) || '.';
}

/** By the date in its name; of one day, a qcow2 rather than the raw disk that it was made of. */
function newestImage(directory: string, image: string): string | undefined {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const [newest] = names
    .filter(
      (name) => name.startsWith(`${image}-`) && /^\d{4}-\d{2}-\d{2}\.(qcow2|raw)$/.test(name.slice(image.length + 1)),
    )
    .toSorted((one, other) =>
      dayOf(one) === dayOf(other) ? (one < other ? -1 : 1) : dayOf(one) < dayOf(other) ? 1 : -1,
    );
  return newest && join(directory, newest);
}

const dayOf = (name: string) => name.replace(/\.\w+$/, '');
