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
  return new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's');
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
  const names = path.split('/').slice(1);
  let left = patternsBelowRoot(patterns);
  for (const [index, name] of names.entries()) {
    const { named, below } = stepDown(left, name);
    if (index === names.length - 1) return named;
    left = below;
  }
  return false;
}
