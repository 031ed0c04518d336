import type { Command } from 'commander';
import type { Configuration } from '../config/configuration.js';
import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';

/**
 * The images that a command is for: those that are named, each once, or that of the environment variable IMAGE.
 *
 * @throws UsageError where there is neither
 */
export function namedImages(names: readonly string[]): string[] {
  const named = names.length > 0 ? names : imageOfEnvironment();
  if (named.length === 0) {
    throw new UsageError(["which image? Name one of 'image-factory list', or set the environment variable IMAGE"]);
  }
  return [...new Set(named)];
}

/** As {@link namedImages}, of a command that takes one image. */
export function namedImage(name: string | undefined): string {
  return namedImages(name === undefined ? [] : [name])[0] as string;
}

/** The environment variable IMAGE, as a Jenkins matrix sets it; none where it is not set or empty. */
export function imageOfEnvironment(): string[] {
  const { IMAGE } = process.env;
  return IMAGE ? [IMAGE] : [];
}

/**
 * Looks up the images to build before anything else is asked of them. `build` may be left out; then the first word may
 * have been meant for a command.
 *
 * @throws UsageError naming each that is not there, and what is near
 */
export function checkNames(configuration: Configuration, names: readonly string[], build: Command): void {
  const root = build.parent;
  const isCommandMissing = root !== null && root.args[0] !== build.name();
  const problems = names.flatMap((name, index) => {
    try {
      configuration.section(name);
      return [];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (name.startsWith('-')) return [`there is no image '${name}': what stands behind '--' is no option`];
      return root && isCommandMissing && index === 0 ? [neither(name, configuration, root)] : error.problems;
    }
  });
  if (problems.length > 0) throw new UsageError(problems);
}

function neither(word: string, configuration: Configuration, root: Command): string {
  const flag = [root, ...root.commands].flatMap(({ options }) => options).find(({ long }) => long === `--${word}`);
  const known = [...root.commands.map((command) => command.name()), ...configuration.imageNames()];
  const suggestion = flag?.long ? ` (did you mean '${flag.long}'?)` : didYouMean(word, known);
  return `no command and no image '${word}'${suggestion}: 'image-factory --help' tells the commands, 'image-factory list' the images`;
}
