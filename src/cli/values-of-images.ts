import type { Configuration } from '../config/configuration.js';
import { canonical } from '../config/option.js';
import { UsageError } from '../host/failure.js';

/** The values that an option has in the images of the configuration, each once. */
export function valuesOfImages(
  configuration: Configuration,
  option: 'cache-dir' | 'connect',
  initial: string,
): string[] {
  const values = configuration.imageNames().map((name) => {
    try {
      const { document } = configuration.section(name);
      const spelling = [...document.optionNames(name)].find((candidate) => canonical(candidate) === option);
      return (spelling && document.get(name, spelling)) || initial;
    } catch (error) {
      // What can't be resolved is told when the image is built.
      if (error instanceof UsageError) return initial;
      throw error;
    }
  });
  return [...new Set(values)];
}
