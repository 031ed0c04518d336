import type { Flags } from './overrides.js';
import type { LogFlags } from './session.js';

/** The command line's flags for filling the cache. */
export interface FetchFlags extends LogFlags {
  readonly config?: string;
  /** Options of the section, by the option's name in camel case. */
  readonly [option: string]: Flags[string];
}

/** The command line's flags for a build, apart from options of the section. */
export interface BuildFlags extends FetchFlags {
  readonly dryRun?: boolean;
  readonly upload: boolean;
  readonly wait?: boolean;
  readonly resume?: boolean;
  readonly failFast?: boolean;
  readonly all?: boolean;
  readonly childrenOf?: string;
  readonly jobs?: string;
  /** False: parents are taken as they are. */
  readonly parents?: boolean;
  readonly flavor?: readonly string[];
  readonly locked?: boolean;
  readonly unlocked?: boolean;
}
