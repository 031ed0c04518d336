import { UsageError } from '../host/failure.js';
import type { Configuration } from './configuration.js';
import { splitName } from './flavored-name.js';
import { imageOptions } from './options.js';
import { withOverrides, type Overrides } from './overrides.js';
import { SectionReader } from './section-reader.js';

/**
 * What an image is derived from as its configuration says it, the nearest first: images, and at last perhaps a layer or a file.
 * Where they lead in a circle, each once and the image itself not; a name that can't be resolved ends them.
 */
export function parentNames(configuration: Configuration, image: string, overrides: Overrides = {}): string[] {
  const line: string[] = [];
  for (let next = parentOf(configuration, image, overrides); next !== undefined && ![image, ...line].includes(next);) {
    line.push(next);
    next = configuration.kind(next) === 'image' ? parentOf(configuration, next, {}) : undefined;
  }
  return line;
}

function parentOf(configuration: Configuration, name: string, overrides: Overrides): string | undefined {
  try {
    const section = withOverrides(configuration.section(splitName(configuration, name).image), overrides);
    return new SectionReader(section, []).values({ parent: imageOptions.parent }).parent;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
