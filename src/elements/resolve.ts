import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';
import { readElements, type Element, type Elements } from './element.js';
import { elementPathOf } from './element-path.js';

/** The elements of one build. */
export interface ResolvedElements {
  /** In the order in which they were met: those that were asked for first. */
  readonly elements: readonly Element[];
  /** What other elements provide, and by which one: these names are met, and no element of that name runs. */
  readonly provided: ReadonlyMap<string, string>;
}

/**
 * The elements that are asked for, with all that they depend on, as diskimage-builder finds them: breadth first; what an
 * element provides is dropped, and is not followed if it is met later.
 *
 * @throws UsageError with everything that is wrong
 */
export function resolveElements(
  asked: readonly string[],
  known: Elements,
  searched: readonly string[],
): ResolvedElements {
  const problems: string[] = [];
  const met = new Map<string, string | undefined>(asked.map((name) => [name, undefined]));
  const queue = [...met.keys()];
  const provided = new Map<string, string>();
  const lacking = new Set<string>();
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (provided.has(name) || lacking.has(name)) continue;
    const element = known.get(name);
    if (element === undefined) {
      lacking.add(name);
      problems.push(notFound(name, met.get(name), known, searched));
      continue;
    }
    for (const each of element.provides) {
      const other = provided.get(each);
      if (other !== undefined && other !== name) problems.push(providedTwice(each, other, name));
      else provided.set(each, name);
    }
    for (const needed of element.depends) {
      if (met.has(needed)) continue;
      met.set(needed, name);
      if (!provided.has(needed)) queue.push(needed);
    }
  }
  for (const name of new Set(asked)) {
    const by = provided.get(name);
    if (by !== undefined && by !== name) {
      problems.push(`element '${name}' was asked for, and '${by}' provides it as well: leave one of them out`);
    }
  }
  if (problems.length === 0 && !provided.has('operating-system')) {
    problems.push("no element provides 'operating-system': name one such as debian-minimal");
  }
  if (problems.length > 0) throw new UsageError(problems);
  const elements = [...met.keys()].filter((name) => !provided.has(name)).flatMap((name) => known.get(name) ?? []);
  return { elements, provided };
}

/**
 * What is wrong with names of elements in a section: those that are in no directory.
 *
 * @throws UsageError for a directory that is none, or can't be read
 */
export function elementsNotFound(asked: readonly string[], elementPath: readonly string[]): string[] {
  const path = elementPathOf(elementPath);
  const known = readElements(path);
  return asked.filter((name) => !known.has(name)).map((name) => notFound(name, undefined, known, path.directories));
}

function notFound(name: string, needing: string | undefined, known: Elements, searched: readonly string[]): string {
  const who = needing === undefined ? '' : `, which '${needing}' depends on,`;
  if (name.startsWith('#')) {
    return `${known.get(needing ?? '')?.directory ?? needing}/element-deps: '${name}' is taken for the name of an element: there are no comments in it`;
  }
  if (searched.length === 0) {
    return `element '${name}'${who} not found: there is no directory of elements; install diskimage-builder, or set element-path`;
  }
  return `element '${name}'${who} not found in ${searched.join(':')}${didYouMean(name, known.keys())}`;
}

function providedTwice(what: string, one: string, other: string): string {
  if (what !== 'operating-system')
    return `elements '${one}' and '${other}' both provide '${what}': leave one of them out`;
  return `elements '${one}' and '${other}' both bring an operating system: leave one of them out`;
}
