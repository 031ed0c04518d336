import type { HelperOptions } from 'handlebars';

/** The type of an argument of a helper. */
export type Argument = 'text' | 'list' | 'any';

/** How a helper is called. */
export interface Signature {
  readonly takes: readonly Argument[];
  /** Any number of the last argument, but at least one. */
  readonly more?: boolean;
  /** Whether it stands around a block: `{{#base64}} … {{/base64}}`. */
  readonly block?: boolean;
}

/** How often, at most, the value of an option is shown in a message. */
const shownLength = 60;

/**
 * What is wrong with the call of a helper, if anything is.
 *
 * @param given its arguments, without handlebars' own last one
 */
export function callProblem(
  name: string,
  { takes, more, block }: Signature,
  given: readonly unknown[],
  options: HelperOptions,
): string | undefined {
  // prettier-ignore
  const tag = block ? `{{#${name}}}` : name;
  const isBlock = typeof (options as Partial<HelperOptions>).fn === 'function';
  if (block && !isBlock) return `${name} stands around a block: {{#${name}}} … {{/${name}}}`;
  if (!block && isBlock) return `${name} is no block: write {{#if (${name} …)}}, or {{${name} …}}`;
  if (more ? given.length < takes.length : given.length !== takes.length) {
    return `${tag} takes ${count(takes.length, more)}, and got ${given.length}`;
  }
  for (const [index, value] of given.entries()) {
    const problem = argumentProblem(tag, takes[Math.min(index, takes.length - 1)] ?? 'any', value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function count(number: number, more = false): string {
  if (number === 0) return 'nothing';
  return `${more ? 'at least ' : ''}${number === 1 ? 'one value' : `${number} values`}`;
}

function argumentProblem(tag: string, expected: Argument, value: unknown): string | undefined {
  if (expected === 'list' && !Array.isArray(value)) {
    return `${tag} takes a list, and got ${kindOf(value)}: (words OPTION) or (lines OPTION) makes a list of a text`;
  }
  if (expected === 'text' && !['string', 'number', 'boolean'].includes(typeof value)) {
    const hint = Array.isArray(value) ? ': (join LIST) makes a text of a list' : '';
    return `${tag} takes a text, and got ${kindOf(value)}${hint}`;
  }
  return undefined;
}

/** For messages. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') {
    const names = Object.keys(value);
    return names.length > 9 ? 'all options of the section' : `an element with ${names.join(', ')}`;
  }
  if (typeof value !== 'string') return `the value ${JSON.stringify(value)}`;
  const shown = value.length > shownLength ? `${value.slice(0, shownLength)}…` : value;
  return `the text '${shown.replaceAll('\n', ' ')}'`;
}
