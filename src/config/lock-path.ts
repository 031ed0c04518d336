import { dirname, join, resolve } from 'node:path';
import type { Configuration } from './configuration.js';
import { flavoredName, type FlavoredImage } from './flavored-name.js';

/**
 * Where the package lock of an image lies: the directory `locks` beside the configuration file that has its section.
 *
 * @param arch the architecture that the command line asks for instead of the section's, as Debian calls it
 */
export function lockPath(configuration: Configuration, image: FlavoredImage, arch?: string): string {
  const place = configuration.ownSections().find(({ name }) => name === image.image)?.place;
  const file = place?.file ?? configuration.userFiles.at(-1);
  return join(
    file === undefined ? resolve('locks') : locksBeside(file),
    `${flavoredName(image)}${arch === undefined ? '' : `.${arch}`}.json`,
  );
}

/** Where the package locks of all images of the user's configuration files lie. */
export function lockDirectories(configuration: Configuration): string[] {
  const files = [...configuration.userFiles, ...configuration.ownSections().flatMap(({ place }) => place?.file ?? [])];
  return [...new Set(files.map(locksBeside))];
}

function locksBeside(file: string): string {
  return join(dirname(resolve(file)), 'locks');
}
