import { createHash } from 'node:crypto';
import type { Configuration } from '../config/configuration.js';
import {
  complainOfFlavors,
  flavoredName,
  flavorsOf,
  isFlavor,
  noSuchFlavor,
  splitName,
  type FlavoredImage,
} from '../config/flavored-name.js';
import { commaList } from '../config/option-types.js';
import { SectionReader } from '../config/section-reader.js';
import { UsageError } from '../host/failure.js';
import { factsText, packagingOf, type Facts } from './facts.js';
import { factsOf } from './flavors.js';
import { leftOutByOption, resolveGroups, type ResolvedGroup } from './groups.js';
import { noInstaller, type InstallerRequest } from './installer-request.js';
import { optionPackages } from './option-packages.js';
import { noting } from './own-options.js';
import { packagePlaces, type PackagePlaces, type PackageSource } from './package-source.js';

/**
 * What a name on the command line means: an image with all its flavors, or one of them.
 *
 * @throws UsageError for an unknown image or flavor
 */
export function imagesMeant(
  configuration: Configuration,
  name: string,
  flavors: readonly string[] = [],
): FlavoredImage[] {
  const { image, flavor } = splitName(configuration, name);
  const section = configuration.section(image);
  const named = flavor === undefined ? flavors : [flavor];
  const wanted = named.length > 0 ? named : flavorsOf(configuration, image);
  if (wanted.length === 0) return [{ image, flavor: undefined }];
  const problems: string[] = [];
  if (named.length === 0) complainOfFlavors(configuration, wanted, new SectionReader(section, problems));
  for (const each of named.filter((name) => !isFlavor(configuration, name))) {
    problems.push(`[${image}]: ${noSuchFlavor(configuration, each)}`);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return wanted.map((each) => ({ image, flavor: each }));
}

/**
 * Like {@link imagesMeant}, for a command that takes one image.
 *
 * @throws UsageError for an unknown image or flavor, and for a name that means several flavors
 */
export function imageMeant(configuration: Configuration, name: string, flavors: readonly string[] = []): FlavoredImage {
  const images = imagesMeant(configuration, name, flavors);
  const [image, ...others] = images;
  if (image !== undefined && others.length === 0) return image;
  throw new UsageError([`${name} has several flavors: name one of ${images.map(flavoredName).join(', ')}`]);
}

export { flavoredName, flavorsOf, type FlavoredImage } from '../config/flavored-name.js';

/** The packages that an image of a flavor asks for, and where they come from. */
export interface PackageRequest extends FlavoredImage, PackagePlaces {
  readonly facts: Facts;
  /** The groups of the image itself. */
  readonly groups: readonly string[];
  readonly group: ResolvedGroup;
  /** What the installer of the image brings along, or its options ask for: patterns and names. */
  readonly further: InstallerRequest['further'];
  /** Where the components of its installer are; undefined where it has none. */
  readonly udebs: PackageSource | undefined;
  /** What an installer of rpm reads and does not install, as packages provide it: `system-installation() = Leap`. */
  readonly components: readonly string[];
}

/** The name of the release whose packages an image gets, such as `trixie`. */
export function suiteOf({ facts, sources }: Pick<PackageRequest, 'facts' | 'sources'>): string {
  return facts.suite || (sources[0]?.suite ?? 'stable');
}

/**
 * @param installer undefined for an image without one: its options ask for packages then
 * @param arch the architecture that the command line asks for
 * @throws UsageError with everything that is wrong with groups, flavor and sources of the image
 */
export function packageRequest(
  configuration: Configuration,
  { image, flavor }: FlavoredImage,
  installer?: InstallerRequest,
  arch?: string,
): PackageRequest {
  const problems: string[] = [];
  const { document } = configuration.section(image);
  const groups = commaList.parse(noting(problems, () => document.get(image, 'group')) ?? '');
  const facts = noting(problems, () => factsOf(configuration, { image, flavor, arch }));
  const places = packagePlaces(configuration, image, problems, facts && packagingOf(facts).packaging);
  const group = facts && noting(problems, () => resolveGroups(configuration, groups, facts));
  const ofOptions = () =>
    facts === undefined || groups.length === 0
      ? noInstaller
      : optionPackages(new SectionReader(configuration.section(image), problems), packagingOf(facts).packaging);
  const { further, leftOut, udebSuite, components = [] } = installer ?? ofOptions();
  if (groups.length === 0 && further.length === 0) {
    problems.push(`[${image}] has no 'group': a package lock is about the packages of one`);
  }
  if (places.sources.length === 0 && problems.length === 0) {
    problems.push(
      `[${image}] has no 'package-sources': name the archives of its packages, or take them by 'like = trixie' or another shipped release`,
    );
  }
  if (problems.length > 0 || facts === undefined || group === undefined) throw new UsageError([...new Set(problems)]);
  const contradiction = leftOut.filter((name) => group.members.some((member) => member.name === name));
  // An installer installs by itself what a group takes, too; without one, the section decides like an outer group.
  if (installer !== undefined && contradiction.length > 0) {
    throw new UsageError(
      contradiction.map(
        (name) => `[${image}] packages leaves out '${name}', and its groups take it: exclude it in a group`,
      ),
    );
  }
  const excluded = new Map([...group.excluded, ...leftOut.map((name) => [name, leftOutByOption] as const)]);
  const [first] = places.sources;
  const udebs =
    udebSuite === undefined || first === undefined
      ? undefined
      : { url: first.url, suite: udebSuite, components: ['main/debian-installer'] };
  const members = group.members.filter(({ name }) => !contradiction.includes(name));
  return {
    image,
    flavor,
    facts,
    groups,
    group: { ...group, members, excluded },
    further,
    udebs,
    components,
    ...places,
  };
}

/** What determines a package lock, as the lock records it: plain data, sorted, without URLs. */
export interface RecordedRequest {
  readonly packages: readonly string[];
  readonly excluded: readonly string[];
  readonly recommends: boolean;
  readonly suites: readonly string[];
  /** Only where an installer has some. */
  readonly components?: readonly string[];
  readonly facts: string;
}

export function recordedRequest(request: PackageRequest): RecordedRequest {
  const { group, further, sources, udebs, components, facts } = request;
  return {
    packages: [...new Set([...group.members, ...further].map(({ name }) => name))].sort(),
    excluded: [...group.excluded.keys()].sort(),
    recommends: group.recommends,
    suites: [...sources, ...(udebs ? [udebs] : [])].map(({ suite, components }) => [suite, ...components].join(' ')),
    ...(components.length > 0 && { components: [...components].sort() }),
    facts: factsText(facts),
  };
}

/** The digest of what determines a package lock; hexadecimal. */
export function inputDigest(recorded: RecordedRequest): string {
  const { packages, excluded, recommends, suites, components } = recorded;
  return createHash('sha256')
    .update(JSON.stringify([packages, excluded, recommends, suites, ...(components ? [components] : [])]))
    .digest('hex');
}
