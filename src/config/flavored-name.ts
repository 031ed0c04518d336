import type { Configuration } from './configuration.js';
import { commaList } from './option-types.js';
import type { SectionReader } from './section-reader.js';
import { didYouMean } from './suggestion.js';

/** An image, or one of its flavors. */
export interface FlavoredImage {
  readonly image: string;
  readonly flavor: string | undefined;
}

/** `web`, `web@xen`: what the image of a flavor is called. */
export function flavoredName({ image, flavor }: FlavoredImage): string {
  return flavor === undefined ? image : `${image}@${flavor}`;
}

/**
 * The image and the flavor that a name means: `web@xen` is the flavor *xen* of *web*, unless there is a section of that name.
 */
export function splitName(configuration: Configuration, name: string): FlavoredImage {
  const at = name.lastIndexOf('@');
  if (at <= 0 || configuration.kind(name) !== undefined) return { image: name, flavor: undefined };
  return { image: name.slice(0, at), flavor: name.slice(at + 1) };
}

/** Whether there is an image of a name, or the flavor of one: `web@xen` is none without a section [flavor xen]. */
export function isImage(configuration: Configuration, name: string): boolean {
  const { image, flavor } = splitName(configuration, name);
  return configuration.kind(image) === 'image' && (flavor === undefined || isFlavor(configuration, flavor));
}

/** The names of all flavors. */
export function flavorNames(configuration: Configuration): string[] {
  return configuration.sectionNames('flavor').map((name) => name.replace(/^flavor +/, ''));
}

/** What to say of a flavor for which there is no section, with the nearest name and all names. */
export function noSuchFlavor(configuration: Configuration, flavor: string): string {
  const names = flavorNames(configuration);
  const hint = /\s/.test(flavor) ? ' (names are separated by commas)' : didYouMean(flavor, names);
  const known = names.length === 0 ? '' : `: the flavors are ${names.join(', ')}`;
  return `there is no section [flavor ${flavor}]${hint}${known}`;
}

/** Complains of the flavors of an image for which there is no section, where the image names them. */
export function complainOfFlavors(
  configuration: Configuration,
  flavors: readonly string[],
  reader: SectionReader,
): void {
  for (const flavor of flavors.filter((each) => !isFlavor(configuration, each))) {
    reader.complain(`flavors = ${flavors.join(', ')}: ${noSuchFlavor(configuration, flavor)}`, 'flavors');
  }
}

/** Whether there is a flavor of a name. */
export function isFlavor(configuration: Configuration, flavor: string): boolean {
  return configuration.kind(`flavor ${flavor}`) === 'flavor';
}

/** The flavors that an image is built in; empty where it names none. */
export function flavorsOf(configuration: Configuration, image: string): readonly string[] {
  return commaList.parse(configuration.section(image).document.get(image, 'flavors') ?? '');
}

/** Of {@link flavorsOf}, those for which there is a section: who reads the image's section tells of the others. */
export function knownFlavorsOf(configuration: Configuration, image: string): string[] {
  return flavorsOf(configuration, image).filter((flavor) => isFlavor(configuration, flavor));
}
