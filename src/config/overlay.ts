import type { IniOption } from './interpolation.js';
import { canonical } from './option.js';

/**
 * Options with others set above them, which then come last. An option takes the place of another one that differs from
 * it only in `-` and `_`: both spellings then have the new value, for references name either.
 *
 * @param below what is seen where none of these options is set, and may be spelt in another way as well
 */
export function overlaid(
  options: ReadonlyMap<string, IniOption>,
  set: Iterable<readonly [string, IniOption]>,
  below: ReadonlyMap<string, IniOption> = new Map(),
): Map<string, IniOption> {
  const result = new Map(options);
  const spellings = new Map<string, Set<string>>();
  for (const name of [...options.keys(), ...below.keys()]) {
    const same = spellings.get(canonical(name));
    if (same === undefined) spellings.set(canonical(name), new Set([name]));
    else same.add(name);
  }
  for (const [name, option] of set) {
    const own = name.toLowerCase();
    for (const spelling of [...(spellings.get(canonical(own)) ?? []), own]) {
      result.delete(spelling);
      result.set(spelling, option);
    }
  }
  return result;
}
