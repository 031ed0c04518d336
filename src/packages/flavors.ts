import type { Configuration } from '../config/configuration.js';
import { distributionOf } from '../config/distribution.js';
import { isFlavor, noSuchFlavor } from '../config/flavored-name.js';
import { flavorOptions, type Hypervisor } from '../config/group-options.js';
import { UsageError } from '../host/failure.js';
import { didYouMean } from '../config/suggestion.js';
import { SectionReader } from '../config/section-reader.js';
import {
  architectureNamed,
  architectureWords,
  defaultArchitecture,
  type Architecture,
} from '../machine/architectures.js';
import { distributions, usualOptions, type Facts } from './facts.js';
import { noting, ownOption, type OwnOption } from './own-options.js';

/** For whom packages are chosen. */
export interface FactsAsked {
  /** The section of an image; undefined: what a group says for an ordinary image. */
  readonly image?: string | undefined;
  readonly flavor?: string | undefined;
  /** The architecture of the command line. */
  readonly arch?: string | undefined;
}

/**
 * What is known of an image of a flavor.
 *
 * @throws UsageError with everything that is unknown or contradicts itself
 */
export function factsOf(configuration: Configuration, { image, flavor, arch }: FactsAsked): Facts {
  const problems: string[] = [];
  const options = new Map<string, boolean>(Object.keys(knownOptions(configuration)).map((name) => [name, false]));
  options.set('kernel', true);
  const defaults = configuration.ownDefaults().get('options');
  const place = defaults?.line ? `${defaults.file}:${defaults.line}: [DEFAULT] options` : '[DEFAULT] options';
  const set = new Map<string, boolean>();
  const layers: (OwnOption | undefined)[] = [defaults === undefined ? undefined : { text: defaults.value, place }];
  if (image !== undefined) layers.push(noting(problems, () => ownOption(configuration, image, 'options')));
  const named = flavor === undefined ? undefined : flavorSection(configuration, flavor, problems);
  if (named !== undefined) layers.push(noting(problems, () => ownOption(configuration, named, 'options')));
  for (const layer of layers) for (const [name, has] of optionsIn(layer, problems)) set.set(name, has);
  for (const [name, has] of set) options.set(name, has);

  const read = named === undefined ? undefined : flavorValues(configuration, named, problems);
  const given = architectureOf(configuration, image, problems);
  const wanted = arch === undefined ? undefined : architectureNamed(arch);
  if (arch !== undefined && wanted === undefined) {
    problems.push(
      `--arch ${arch}: expected one of ${architectureWords().join(', ')}${didYouMean(arch, architectureWords())}`,
    );
  }
  if (wanted !== undefined && read?.arch !== undefined && wanted !== read.arch) {
    problems.push(
      `--arch ${arch}: [flavor ${flavor}] is for ${read.arch.debianName}; choose another flavor, or leave --arch out`,
    );
  }
  const architecture = read?.arch ?? wanted ?? given;
  const hasBios = architecture.firmwares.some(({ name }) => name === 'bios');
  const hasUefi = architecture.firmwares.some(({ name }) => name === 'uefi');
  const boots = options.get('kernel') === true;
  if (!set.has('bios')) options.set('bios', boots && hasBios);
  if (!set.has('uefi')) options.set('uefi', boots && hasUefi);
  const hypervisor: Hypervisor = read?.hypervisor ?? (boots ? 'kvm' : 'none');
  const facts = { arch: architecture, hypervisor, ...distributionFacts(configuration, image), options };
  problems.push(...contradictions(facts, set, flavor));
  if (problems.length > 0) throw new UsageError([...new Set(problems)]);
  return facts;
}

/** Every option that guards may name: the usual ones, and what flavors, images and [DEFAULT] name. */
export function knownOptions(configuration: Configuration): Record<string, string> {
  const known: Record<string, string> = { ...usualOptions };
  const note = (text: string | undefined) => {
    for (const [name] of optionWords(text ?? '')) known[name] ??= '';
  };
  note(configuration.ownDefaults().get('options')?.value);
  for (const section of [...configuration.sectionNames('flavor'), ...configuration.imageNames()]) {
    noting([], () => note(ownOption(configuration, section, 'options')?.text));
  }
  return known;
}

/** The suites of all images. */
export function knownSuites(configuration: Configuration): string[] {
  const suites = [...configuration.imageNames(), ...configuration.sectionNames('family')].flatMap(
    (name) => noting([], () => configuration.section(name).document.get(name, 'suite')) ?? [],
  );
  return [...new Set(suites.filter(Boolean))];
}

function flavorSection(configuration: Configuration, flavor: string, problems: string[]): string | undefined {
  if (isFlavor(configuration, flavor)) return `flavor ${flavor}`;
  problems.push(noSuchFlavor(configuration, flavor));
  return undefined;
}

function flavorValues(
  configuration: Configuration,
  section: string,
  problems: string[],
): { arch?: Architecture; hypervisor?: Hypervisor } {
  const found = configuration.section(section);
  const own = new Set(found.document.sections.get(section)?.options.keys() ?? []);
  const values = new SectionReader(found, problems).values({
    ...(own.has('arch') ? { arch: flavorOptions.arch } : {}),
    ...(own.has('hypervisor') ? { hypervisor: flavorOptions.hypervisor } : {}),
  });
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function architectureOf(configuration: Configuration, image: string | undefined, problems: string[]): Architecture {
  if (image === undefined) return defaultArchitecture;
  const { arch } = new SectionReader(configuration.section(image), problems).values({ arch: flavorOptions.arch });
  return arch ?? defaultArchitecture;
}

/** Distributions that are seldom called by their short names. */
const inFull = { 'suse linux enterprise': 'sles', 'red hat enterprise linux': 'rhel' };

function distributionFacts(
  configuration: Configuration,
  image: string | undefined,
): Pick<Facts, 'distribution' | 'suite' | 'release'> {
  if (image === undefined) return { distribution: 'debian', suite: '' };
  const { document } = configuration.section(image);
  const text = (name: string) => noting([], () => document.get(image, name)) ?? '';
  const title = text('distribution') || distributionOf(image);
  const words = title.toLowerCase().split(/[^a-z]+/);
  const spoken = Object.entries(inFull).find(([name]) => words.join(' ').includes(name))?.[1];
  const distribution = spoken ?? distributions.find((each) => words.includes(each)) ?? 'debian';
  const [release] = /\d+(?:\.\d+)?/.exec(title) ?? [];
  return { distribution, suite: text('suite'), ...(release === undefined ? {} : { release }) };
}

function optionWords(text: string): [string, boolean][] {
  return text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => (word.startsWith('!') ? [word.slice(1).toLowerCase(), false] : [word.toLowerCase(), true]));
}

function optionsIn(option: OwnOption | undefined, problems: string[]): Map<string, boolean> {
  const found = new Map<string, boolean>();
  if (option === undefined) return found;
  for (const [name, has] of optionWords(option.text)) {
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(name) || ['arch', 'hypervisor', 'distribution', 'suite'].includes(name)) {
      problems.push(`${option.place}: expected names such as 'kernel' or '!x11', not '${has ? '' : '!'}${name}'`);
    } else if (found.has(name) && found.get(name) !== has) {
      problems.push(`${option.place}: '${name}' and '!${name}' contradict each other`);
    } else found.set(name, has);
  }
  return found;
}

/** Hypervisors that are there for these architectures only. */
const machinesOf: Readonly<Partial<Record<Hypervisor, readonly string[]>>> = {
  xen: ['amd64', 'arm64'],
  vmware: ['amd64', 'arm64'],
  hyperv: ['amd64', 'arm64'],
  virtualbox: ['amd64', 'arm64'],
};

function contradictions(facts: Facts, set: ReadonlyMap<string, boolean>, flavor: string | undefined): string[] {
  const { arch, hypervisor, options } = facts;
  const what = flavor === undefined ? 'this image' : `[flavor ${flavor}]`;
  const problems: string[] = [];
  const machines = machinesOf[hypervisor];
  if (machines !== undefined && !machines.includes(arch.debianName)) {
    problems.push(
      `${what} can't be built: ${hypervisor} has no machines of ${arch.debianName}, only of ${machines.join(' and ')}`,
    );
  }
  for (const firmware of ['bios', 'uefi'] as const) {
    if (options.get(firmware) && !arch.firmwares.some(({ name }) => name === firmware)) {
      problems.push(
        `${what} can't be built: machines of ${arch.debianName} have no ${firmware === 'bios' ? 'BIOS' : 'UEFI'}, which '${firmware}' asks for`,
      );
    }
    if (set.get(firmware) && options.get('kernel') === false) {
      problems.push(
        `${what} can't be built: '${firmware}' is about how an image boots, and '!kernel' leaves out what would boot`,
      );
    }
  }
  const boots = options.get('bios') === true || options.get('uefi') === true;
  if (options.get('kernel') && !boots && arch.firmwares.length > 0 && (set.has('bios') || set.has('uefi'))) {
    problems.push(
      `${what} can't be built: it has a kernel, and neither BIOS nor UEFI would start it: '!bios, !uefi' needs '!kernel'`,
    );
  }
  return problems;
}
