import type { Configuration } from './configuration.js';
import { commaList } from './option-types.js';

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
  return (
    configuration.kind(image) === 'image' &&
    (flavor === undefined || configuration.kind(`flavor ${flavor}`) === 'flavor')
  );
}

/** The flavors that an image is built in; empty where it names none. */
export function flavorsOf(configuration: Configuration, image: string): readonly string[] {
  return commaList.parse(configuration.section(image).document.get(image, 'flavors') ?? '');
}
