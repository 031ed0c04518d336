import { camelCase, imageOptions, type Option } from '../config/options.js';
import type { Overrides } from '../config/overrides.js';

/** The options of the section that the command line sets, as they would stand in the section. */
export function overridesFrom(flags: Readonly<Record<string, string | boolean | undefined>>): Overrides {
  const set = Object.entries(imageOptions as Record<string, Option<unknown>>).flatMap(([name, { flag }]) => {
    const given = flag && flags[camelCase(flag.long)];
    return given === undefined ? [] : [[name, typeof given === 'boolean' ? (given ? 'yes' : 'no') : given]];
  });
  return Object.fromEntries(set) as Overrides;
}
