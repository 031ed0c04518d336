import type { Flags } from './overrides.js';
import type { LogFlags } from './session.js';

/** What the command line says of filling the cache. */
export interface FetchFlags extends LogFlags {
  readonly config?: string;
  /** Options of the section, by the option's name in camel case. */
  readonly [option: string]: Flags[string];
}

/** What the command line says of a build beyond the options of the section. */
export interface BuildFlags extends FetchFlags {
  readonly dryRun?: boolean;
  readonly upload: boolean;
  readonly wait?: boolean;
  readonly resume?: boolean;
  readonly failFast?: boolean;
}
