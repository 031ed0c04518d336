import type { Configuration } from '../config/configuration.js';
import type { Overrides } from '../config/overrides.js';
import { optionsOfChanges } from '../config/derive-origin.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { renderedTemplate } from '../images/rendered-template.js';

/** The options that the image's template mentions; none if it can't be rendered, since `show` helps to find out why. */
export async function mentionedBy(
  configuration: Configuration,
  image: string,
  overrides: Overrides,
): Promise<ReadonlySet<string>> {
  try {
    const spec = resolveImage(configuration, image, overrides, isoDate(new Date()));
    return (await renderedTemplate(configuration, spec))?.mentioned ?? optionsOfChanges;
  } catch (error) {
    if (error instanceof UsageError) return new Set();
    throw error;
  }
}
