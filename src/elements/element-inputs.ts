import { elementPathOf } from './element-path.js';
import { readElements, type Element } from './element.js';

/**
 * The elements that a build may read: those that are asked for, and all that they name in `element-deps`, whether or not
 * the parent provides it. What is not found is left out; the build says so.
 */
export function elementsRead(asked: readonly string[], elementPath: readonly string[]): Element[] {
  const known = readElements(elementPathOf(elementPath));
  // Those on which a parent depends.
  const met = new Set([...asked, 'dpkg', 'pkg-map', 'dib-init-system']);
  for (const name of met) for (const needed of known.get(name)?.depends ?? []) met.add(needed);
  return [...met].flatMap((name) => known.get(name) ?? []).sort((one, other) => (one.name < other.name ? -1 : 1));
}
