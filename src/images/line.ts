import { isDerived, type ImageSpec } from '../config/image-spec.js';

/** An image and the images that it comes from, the oldest first. */
export function lineOf(spec: ImageSpec): ImageSpec[] {
  const parent = isDerived(spec) ? spec.origin.parentImage : undefined;
  return parent === undefined ? [spec] : [...lineOf(parent), spec];
}

/** The image with the layout of the nearest image of its line that names one: a child of a tree has no disk to go by. */
export function withLayout<Spec extends ImageSpec>(spec: Spec): Spec {
  const named = lineOf(spec).findLast((each) => each.layout !== undefined);
  if (named === undefined || spec.layout !== undefined) return spec;
  const places = { ...spec.places, layout: named.places['layout'] ?? `[${named.name}] layout` };
  return { ...spec, layout: named.layout, places };
}
