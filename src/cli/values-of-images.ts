import type { Configuration } from '../config/configuration.js';
import { canonical } from '../config/option.js';
import { UsageError } from '../host/failure.js';

/** The values that an option has in the images of the configuration, each once. */
export function valuesOfImages(
  configuration: Configuration,
  option: 'cache-dir' | 'connect',
  initial: string,
): string[] {
  return [...new Set(configuration.imageNames().map((name) => valueOfImage(configuration, name, option) ?? initial))];
}

/** The value of an option of an image; undefined where it is not set. */
export function valueOfImage(
  configuration: Configuration,
  name: string,
  option: 'cache-dir' | 'connect' | 'arch' | 'firmware',
): string | undefined {
  try {
    const { document } = configuration.section(name);
    const spelling = [...document.optionNames(name)].find((candidate) => canonical(candidate) === option);
    return (spelling && document.get(name, spelling)) || undefined;
  } catch (error) {
    // What can't be resolved is told when the image is built.
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
