/** A condition of an item: `[kernel]`, `[!uefi]`, `[hypervisor=vmware]`. */
export interface Guard {
  readonly fact: string;
  readonly negated: boolean;
  readonly value?: string;
}

/** A word of a list, and the conditions under which it counts: all of them must hold. */
export interface Item {
  readonly name: string;
  readonly guards: readonly Guard[];
}

const separators = /[\s,]+/y;
const word = /[^\s,[\]()]*(?:\([^\s[\]()]*\)[^\s,[\]()]*)*/y;
const bracket = /[ \t]*\[([^\]]*)\]/y;

/**
 * Reads a list such as `nginx, open-vm-tools [hypervisor=vmware], grub-pc-bin [kernel,!uefi]`.
 *
 * @throws Error that says what is wrong
 */
export function parseItems(text: string): Item[] {
  const items: Item[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at += match[0].length;
    return match;
  };
  for (;;) {
    take(separators);
    if (at >= text.length) return items;
    const name = take(word)?.[0] ?? '';
    if (name === '') throw new Error(unreadable(text, at));
    const guards: Guard[] = [];
    for (let found = take(bracket); found !== null; found = take(bracket)) guards.push(...parseGuards(found[1] ?? ''));
    if (/[[\]()]/.test(text.charAt(at))) throw new Error(unreadable(text, at));
    items.push({ name, guards });
  }
}

function unreadable(text: string, at: number): string {
  const rest = text.slice(at).split('\n')[0]?.slice(0, 40) ?? '';
  if (rest.startsWith('[') && !rest.includes(']'))
    return `a guard that ends with ']', such as '[kernel]', not '${rest}'`;
  if (rest.startsWith('[')) return `a name before the guard '${rest}'`;
  return `names separated by commas or blanks, each with a guard such as '[kernel]' or without, not '${rest}'`;
}

/** Conditions separated by commas or blanks. */
function parseGuards(text: string): Guard[] {
  const words = text.split(/[\s,]+/).filter((each) => each !== '');
  if (words.length === 0) throw new Error("a fact within the brackets, such as '[kernel]'");
  return words.map((each) => {
    const match = /^(!?)([A-Za-z0-9][A-Za-z0-9_-]*)(?:(!?=)([^=!]+))?$/.exec(each);
    if (match === null) throw new Error(`'[fact]', '[!fact]' or '[fact=value]', not '[${each}]'`);
    const [, bang, fact = '', equals, value] = match;
    const negated = (bang === '!') !== (equals === '!=');
    return { fact: fact.toLowerCase(), negated, ...(value === undefined ? {} : { value: value.toLowerCase() }) };
  });
}

/** As it is written: `[kernel,!uefi]`; empty without guards. */
export function guardText(guards: readonly Guard[]): string {
  if (guards.length === 0) return '';
  return `[${guards.map(({ fact, negated, value }) => `${negated ? '!' : ''}${fact}${value === undefined ? '' : `=${value}`}`).join(',')}]`;
}
