import { UsageError } from '../host/failure.js';

/** The longest name of a layer or stackpoint, in bytes: with what is added to it, it stays below the kernel's 255. */
export const longestName = 128;

/**
 * Names stand in file names, in the options of mounts and on command lines. So they have only letters, digits and
 * `. _ + - @ ~ =`, and begin with a letter, a digit or `_`.
 */
const wellFormed = /^[A-Za-z0-9_][A-Za-z0-9._+@~=-]*$/;

/** @throws UsageError that says what a name may contain */
export function layerName(name: string): string {
  return checked('layer', name);
}

/** @throws UsageError that says what a name may contain */
export function pointName(name: string): string {
  return checked('stackpoint', name);
}

function checked(what: string, name: string): string {
  if (name.length > longestName) {
    throw new UsageError([`${what} ${printable(name.slice(0, 20))}…: a name has at most ${longestName} characters`]);
  }
  if (wellFormed.test(name)) return name;
  throw new UsageError([
    `${what} ${printable(name)}: a name has only letters, digits and . _ + - @ ~ =, and begins with a letter or digit`,
  ]);
}

/** An instance as it is typed: `web.3` is the third instance of the stackpoint `web`. */
export interface InstanceName {
  readonly point: string;
  readonly number: number;
}

/** @throws UsageError for anything but POINT.N */
export function instanceName(text: string): InstanceName {
  const parsed = parseInstanceName(text);
  if (parsed !== undefined) return parsed;
  throw new UsageError([
    `instance ${printable(text)}: expected POINT.N, such as 'web.3'; 'image-factory stackpoint instances POINT' lists them`,
  ]);
}

/** @returns undefined for anything but POINT.N */
export function parseInstanceName(text: string): InstanceName | undefined {
  const [, point = '', digits = ''] = /^(.+)\.([1-9]\d{0,8})$/.exec(text) ?? [];
  return wellFormed.test(point) && point.length <= longestName ? { point, number: Number(digits) } : undefined;
}

export function spelled({ point, number }: InstanceName): string {
  return `${point}.${number}`;
}

/** What somebody typed, in quotes and on one line. */
function printable(name: string): string {
  return `'${name.replace(/\p{C}/gu, (character) => JSON.stringify(character).slice(1, -1))}'`;
}
