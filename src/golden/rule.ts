import type { Change } from '../disk/file-tree.js';
import type { PathPattern } from '../disk/path-patterns.js';
import type { Caller } from '../host/host.js';
import type { Examined } from './examined.js';

/**
 * What a finding means: an `error` lets strangers in, or makes clones one machine; a `warning` is of no use to a clone or
 * ties it to the machine that built it; a `note` is only told, because it may be what you want.
 */
export type Level = 'error' | 'warning' | 'note';

/** The headings under which rules stand, in their order. */
export const ruleGroups = {
  identities: 'What makes a machine this one',
  network: 'Network',
  accounts: 'Accounts and passwords',
  credentials: 'Credentials',
  traces: 'What the build left',
  boot: 'Disks and boot',
  services: 'Services',
} as const;

/** Something that an image must not have, or must have, before machines are made from it. */
export interface Rule {
  readonly name: string;
  readonly group: keyof typeof ruleGroups;
  readonly level: Level;
  /** What is looked for. For people, as all texts here; markdown as in a man page. */
  readonly title: string;
  /** What happens to machines from an image that breaks the rule. */
  readonly reason: string;
  /** The document that says so, with its section. */
  readonly source: string;
  /** Where it is looked for. */
  readonly looks: readonly PathPattern[];
  /** Which of these files are read; small ones. */
  readonly reads?: readonly PathPattern[];
  /** Which of these files are copied out of the image, however large they are. */
  readonly copies?: readonly PathPattern[];
  /** Which of them a repair removes, and which it empties: the sudo helper does that to these and no others. */
  readonly removes?: readonly PathPattern[];
  readonly empties?: readonly PathPattern[];
  /** How it is repaired without booting; undefined where only you can decide. */
  readonly repair?: string;
  find(system: Examined, host: Caller): readonly Finding[] | Promise<readonly Finding[]>;
}

/** A place where an image breaks a rule. Holds no secret. */
export interface Finding {
  readonly path: string;
  /** What about it. */
  readonly detail?: string;
  /** What repairs it, all of it or nothing; undefined where nothing can without booting, or only you can decide. */
  readonly repair?: readonly Change[];
}
