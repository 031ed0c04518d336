import type { Command } from 'commander';
import type { Configuration } from '../config/configuration.js';
import { splitName } from '../config/flavored-name.js';
import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';
import { noting } from '../packages/own-options.js';
import { flavoredName, imagesMeant } from '../packages/request.js';

/**
 * The images that a command works on: those named as arguments, each once, or the environment variable IMAGE.
 *
 * @throws UsageError if there is neither
 */
export function namedImages(names: readonly string[]): string[] {
  const named = names.length > 0 ? names : imageOfEnvironment();
  if (named.length === 0) {
    throw new UsageError([
      "no image given: name one (see 'image-factory list'), or set the environment variable IMAGE",
    ]);
  }
  return [...new Set(named)];
}

/** Like {@link namedImages}, for a command that takes one image. */
export function namedImage(name: string | undefined): string {
  return namedImages(name === undefined ? [] : [name])[0] as string;
}

/** The environment variable IMAGE, as a Jenkins matrix sets it; undefined if it is unset or empty. */
export function imageOfEnvironment(): string[] {
  const { IMAGE } = process.env;
  return IMAGE ? [IMAGE] : [];
}

/** Whether a word is the name of an image, or of one of its flavors. */
export function isImageName(configuration: Configuration, word: string): boolean {
  return configuration.imageNames().includes(splitName(configuration, word).image);
}

/**
 * What a name means: an image, or each of its flavors where it has any.
 *
 * @throws UsageError for an unknown image or flavor
 */
export function flavorsMeant(configuration: Configuration, name: string, flavors?: readonly string[]): string[] {
  return imagesMeant(configuration, name, flavors).map(flavoredName);
}

/** Like {@link flavorsMeant}, for a look at many images: one whose flavors are wrong means itself, and what is wrong is told of it. */
export function flavorsOrItself(configuration: Configuration, name: string, flavors?: readonly string[]): string[] {
  return noting([], () => flavorsMeant(configuration, name, flavors)) ?? [name];
}

/**
 * Checks that the images to build exist, before anything else. `build` may be left out, so the first word may be a
 * misspelt command.
 *
 * @throws UsageError that names each missing image, and the nearest names
 */
export function checkNames(configuration: Configuration, names: readonly string[], build: Command): void {
  const root = build.parent;
  const isCommandMissing = root !== null && root.args[0] !== build.name();
  const problems = names.flatMap((name, index) => {
    try {
      configuration.section(splitName(configuration, name).image);
      return [];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (name.startsWith('-')) return [`there is no image '${name}': words after '--' are never options`];
      return root && isCommandMissing && index === 0 ? [neither(name, configuration, root)] : error.problems;
    }
  });
  if (problems.length > 0) throw new UsageError(problems);
}

function neither(word: string, configuration: Configuration, root: Command): string {
  const flag = [root, ...root.commands].flatMap(({ options }) => options).find(({ long }) => long === `--${word}`);
  const known = [...root.commands.map((command) => command.name()), ...configuration.imageNames()];
  const suggestion = flag?.long ? ` (did you mean '${flag.long}'?)` : didYouMean(word, known);
  return `no command and no image '${word}'${suggestion}: 'image-factory --help' lists the commands, 'image-factory list' the images`;
}
