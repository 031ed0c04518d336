import { UsageError } from '../host/failure.js';
import type { Configuration } from './configuration.js';
import { flavoredName, isImage, knownFlavorsOf, splitName } from './flavored-name.js';
import { imageOptions } from './options.js';
import { withOverrides, type Overrides } from './overrides.js';
import { SectionReader } from './section-reader.js';

/**
 * What an image is derived from as its configuration says it, the nearest first: images, and at last perhaps a layer or a file.
 * Where they lead in a circle, each once and the image itself not; a name that can't be resolved ends them.
 */
export function parentNames(configuration: Configuration, image: string, overrides: Overrides = {}): string[] {
  const line: string[] = [];
  for (
    let next = parentName(configuration, image, overrides);
    next !== undefined && ![image, ...line].includes(next);
  ) {
    line.push(next);
    next = isImage(configuration, next) ? parentName(configuration, next) : undefined;
  }
  return line;
}

/**
 * The images that `parent` may mean: none for a layer of the store, or a file; one; or several flavors of an image, where the
 * child says in no way which.
 *
 * A parent that is built in flavors is, for a child of one of these flavors, the parent of the same flavor. A flavor that
 * there is not counts for none: `resolveImage` tells of it where the parent names it.
 *
 * @throws UsageError if the flavors of the parent can't be read
 */
export function parentsMeant(configuration: Configuration, child: string, parent: string): string[] {
  if (!isImage(configuration, parent)) return [];
  const { image, flavor } = splitName(configuration, parent);
  const flavors = flavor === undefined ? knownFlavorsOf(configuration, image) : [];
  if (flavors.length === 0) return [parent];
  const own = splitName(configuration, child).flavor;
  const meant = own !== undefined && flavors.includes(own) ? [own] : flavors;
  return meant.map((each) => flavoredName({ image, flavor: each }));
}

/** The first of {@link parentNames}. */
export function parentName(configuration: Configuration, name: string, overrides: Overrides = {}): string | undefined {
  try {
    const section = withOverrides(configuration.section(splitName(configuration, name).image), overrides);
    const { parent } = new SectionReader(section, []).values({ parent: imageOptions.parent });
    if (parent === undefined) return undefined;
    const [meant = parent, ...others] = parentsMeant(configuration, name, parent);
    return others.length > 0 ? parent : meant;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
