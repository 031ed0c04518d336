import type { Hypervisor } from '../config/group-options.js';
import { hypervisors } from '../config/group-options.js';
import { didYouMean } from '../config/suggestion.js';
import { architectureNamed, architectureWords, type Architecture } from '../machine/architectures.js';
import type { Guard } from './items.js';

/** What is known of an image when its packages are chosen. */
export interface Facts {
  readonly arch: Architecture;
  readonly hypervisor: Hypervisor;
  /** The word that groups know the distribution by: `debian`, `ubuntu`, `fedora`. */
  readonly distribution: string;
  /** The release's name: `trixie`; empty where nothing is known of it. */
  readonly suite: string;
  /** The number of the release: `43`, `9`; for repositories of rpm. */
  readonly release?: string;
  /** What it has (true) and has not (false), by name. */
  readonly options: ReadonlyMap<string, boolean>;
}

/** Options that every image has an opinion on. */
export const usualOptions = {
  kernel: 'whether the image has a kernel, and boots by itself',
  bios: 'whether it boots by a BIOS',
  uefi: 'whether it boots by UEFI',
  firmware: 'whether it has firmware for real hardware',
} as const;

/** Distributions that a guard may name. */
export const distributions = ['debian', 'ubuntu', 'fedora', 'centos', 'rocky', 'almalinux', 'rhel', 'opensuse', 'sles'];

const ofDebian = ['debian', 'ubuntu'];

/** Those of them whose packages are rpm. */
export const rpmDistributions = distributions.filter((each) => !ofDebian.includes(each));

const values: Readonly<Record<string, (facts: Facts) => string>> = {
  arch: ({ arch }) => arch.debianName,
  hypervisor: ({ hypervisor }) => hypervisor,
  distribution: ({ distribution }) => distribution,
  suite: ({ suite }) => suite,
};

/** Whether all conditions hold. */
export function holds(guards: readonly Guard[], facts: Facts): boolean {
  return guards.every(({ fact, negated, value }) => (matches(fact, value, facts) ? !negated : negated));
}

function matches(fact: string, value: string | undefined, facts: Facts): boolean {
  const known = values[fact]?.(facts);
  if (known === undefined) return facts.options.get(fact) ?? false;
  if (value === undefined) return known !== '' && known !== 'none';
  return known === spelt(fact, value);
}

function spelt(fact: string, value: string): string {
  return fact === 'arch' ? (architectureNamed(value)?.debianName ?? value) : value;
}

/** What is wrong with a condition: a fact or a value that nothing knows; undefined where nothing is. */
export function guardProblem(
  { fact, value }: Guard,
  options: Iterable<string>,
  suites: readonly string[] = [],
): string | undefined {
  const known = [...options];
  if (values[fact] === undefined && !known.includes(fact)) {
    return `unknown fact '${fact}'${didYouMean(fact, [...Object.keys(values), ...known])}: the facts are ${[...Object.keys(values), ...known].join(', ')}; 'options' of a flavor or of [DEFAULT] name others`;
  }
  if (value === undefined) return undefined;
  if (values[fact] === undefined) return `'${fact}' is there or not: write [${fact}] or [!${fact}], without a value`;
  const words = fact === 'arch' ? architectureWords() : fact === 'hypervisor' ? hypervisors : distributions;
  if (fact === 'suite') {
    // Others may be right, of a distribution to come.
    const hint = suites.includes(value) ? '' : didYouMean(value, suites);
    return hint === '' ? undefined : `unknown value '${value}' of 'suite'${hint}`;
  }
  if ((words as readonly string[]).includes(value)) return undefined;
  return `unknown value '${value}' of '${fact}'${didYouMean(value, words)}: expected one of ${words.join(', ')}`;
}

/** How the distribution packs its packages, and what it calls the architecture then. */
export function packagingOf({ distribution, arch }: Pick<Facts, 'distribution' | 'arch'>): {
  readonly packaging: 'deb' | 'rpm';
  readonly architecture: string;
} {
  return ofDebian.includes(distribution)
    ? { packaging: 'deb', architecture: arch.debianName }
    : { packaging: 'rpm', architecture: arch.name };
}

/** A line that names them all, for messages: `arch=amd64 hypervisor=kvm kernel !x11`. */
export function factsText(facts: Facts): string {
  const set = Object.entries(values).flatMap(([name, of]) => (of(facts) === '' ? [] : [`${name}=${of(facts)}`]));
  const options = [...facts.options].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...set, ...options.map(([name, has]) => `${has ? '' : '!'}${name}`)].join(' ');
}
