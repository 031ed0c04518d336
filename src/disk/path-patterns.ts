/**
 * Patterns of absolute paths. `*` stands for any part of one name; `**`, as the last name, for everything below a
 * directory.
 */
export type PathPattern = string;

/** What is left of patterns below a directory, name by name. */
export type PatternsBelow = readonly (readonly RegExp[])[];

const everything = /(?:)/;

export function patternsBelowRoot(patterns: readonly PathPattern[]): PatternsBelow {
  return patterns.map((pattern) => pattern.split('/').slice(1).map(nameMatcher));
}

function nameMatcher(name: string): RegExp {
  if (name === '**') return everything;
  return new RegExp(`^${expressionOf(name)}$`);
}

/** A regular expression for any part of one name, and what it has otherwise. */
function expressionOf(pattern: string): string {
  return pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
}

/** One name further down: whether that is a path that a pattern names, and what is left below it. */
export function stepDown(
  patterns: PatternsBelow,
  name: string,
): { readonly named: boolean; readonly below: PatternsBelow } {
  let named = false;
  const below: (readonly RegExp[])[] = [];
  for (const pattern of patterns) {
    const [head, ...rest] = pattern;
    if (head === everything) {
      named = true;
      below.push(pattern);
    } else if (head?.test(name)) {
      if (rest.length === 0) named = true;
      else below.push(rest);
    }
  }
  return { named, below };
}

/** What is left of patterns below an absolute path, which may be `/`. */
export function patternsBelow(patterns: readonly PathPattern[], directory: string): PatternsBelow {
  return directory
    .split('/')
    .filter((name) => name !== '')
    .reduce((left, name) => stepDown(left, name).below, patternsBelowRoot(patterns));
}

/** Whether one of the patterns names an absolute path. */
export function namesPath(patterns: readonly PathPattern[], path: string): boolean {
  return patterns.some((pattern) => pathMatcher(pattern).test(path));
}

/** Rules ask for the same patterns with each path of a system. */
const pathMatchers = new Map<PathPattern, RegExp>();

function pathMatcher(pattern: PathPattern): RegExp {
  const known = pathMatchers.get(pattern);
  if (known !== undefined) return known;
  const [, above] = /^(.*)\/\*\*$/s.exec(pattern) ?? [];
  const made = new RegExp(above === undefined ? `^${expressionOf(pattern)}$` : `^${expressionOf(above)}/`);
  pathMatchers.set(pattern, made);
  return made;
}
