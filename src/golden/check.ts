import type { Caller } from '../host/host.js';
import { examine, type GoldenFiles } from './examine.js';
import type { Finding, Level, Rule } from './rule.js';
import { rules as allRules } from './rules.js';

/** A finding, with what the rule says of it. Plain data; holds no secret. */
export interface Told {
  /** The name of the rule. */
  readonly rule: string;
  readonly level: Level;
  readonly path: string;
  readonly detail?: string;
  readonly title: string;
  readonly reason: string;
  readonly source: string;
}

/** How a check ended. Plain data. */
export interface GoldenResult {
  /** How many rules counted. */
  readonly rules: number;
  /** The names of those that did not. */
  readonly except: readonly string[];
  readonly findings: readonly Told[];
}

/** The rules, but those of some names. */
export function rulesWithout(names: readonly string[]): readonly Rule[] {
  return allRules.filter(({ name }) => !names.includes(name));
}

/** Those that have a repair: for the others, nothing need be read from a system that is only to be repaired. */
export function repairingRulesWithout(names: readonly string[]): readonly Rule[] {
  return rulesWithout(names).filter(({ repair: how }) => how !== undefined);
}

/** Checks a system; changes nothing. The worst comes first. */
export async function check(host: Caller, files: GoldenFiles, rules: readonly Rule[]): Promise<Told[]> {
  return (await findAll(host, files, rules)).map(([rule, finding]) => told(rule, finding));
}

export interface Repaired {
  readonly repaired: readonly Told[];
  readonly left: readonly Told[];
}

/** Repairs what can be repaired on the disk, without booting. A finding is repaired whole or not at all. */
export async function repair(host: Caller, files: GoldenFiles, rules: readonly Rule[]): Promise<Repaired> {
  const found = await findAll(host, files, rules);
  const repairable = new Set<Found>();
  for (const each of found) {
    const [, { repair: changes }] = each;
    if (changes !== undefined && (await files.canChange(changes))) repairable.add(each);
  }
  const changes = [...repairable].flatMap(([, finding]) => finding.repair ?? []);
  // Two findings may ask for the same change, as two lines of one file.
  await files.change([...new Map(changes.map((change) => [JSON.stringify(change), change])).values()]);
  return {
    repaired: [...repairable].map(([rule, finding]) => told(rule, finding)),
    left: found.filter((each) => !repairable.has(each)).map(([rule, finding]) => told(rule, finding)),
  };
}

type Found = readonly [Rule, Finding];

const levels: readonly Level[] = ['error', 'warning', 'note'];

async function findAll(host: Caller, files: GoldenFiles, rules: readonly Rule[]): Promise<Found[]> {
  return examine(host, files, rules, async (system) => {
    const found: Found[] = [];
    for (const rule of rules) {
      for (const finding of await rule.find(system, host)) found.push([rule, finding]);
    }
    return found.toSorted(([one], [other]) => levels.indexOf(one.level) - levels.indexOf(other.level));
  });
}

function told({ name, level, title, reason, source }: Rule, { path, detail }: Finding): Told {
  return { rule: name, level, path, ...(detail !== undefined && { detail }), title, reason, source };
}
