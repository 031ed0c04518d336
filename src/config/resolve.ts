import { join, resolve } from 'node:path';
import { UsageError } from '../host/failure.js';
import { defaultArchitecture, firmwareNamed, type Architecture } from '../machine/architectures.js';
import type { Firmware, MachineFirmware } from '../machine/firmware.js';
import type { Configuration, Section } from './configuration.js';
import { defaultBuilderId, defaultCacheDirectory, defaultConnection, storeDirectory } from './defaults.js';
import {
  answerFileKinds,
  type ImageSpec,
  type InstallerSource,
  type InstallOrigin,
  type NamedLayout,
  type Signing,
} from './image-spec.js';
import { deriveOrigin, filesToCopy, overridesOfParents, withParentsValues } from './derive-origin.js';
import { bootstrapOrigin } from './bootstrap-origin.js';
import { flavorOptions } from './group-options.js';
import { complainOfFlavors, flavoredName, knownFlavorsOf, splitName } from './flavored-name.js';
import { layoutFile } from './layout-file.js';
import { lockPath } from './lock-path.js';
import { canonical, type Values } from './option.js';
import { imageOptions } from './options.js';
import { literally, withOverrides, type Overrides } from './overrides.js';
import { parentsMeant } from './parent-names.js';
import { inOrderOfLines } from './problem-order.js';
import { resolveTargets } from './resolve-bundle.js';
import { resolveDestination } from './resolve-destination.js';
import { resolveUsers } from './resolve-users.js';
import { secretsOf } from './secrets.js';
import { sectionKinds } from './section-kinds.js';
import { nearestWord } from './suggestion.js';
import { SectionReader } from './section-reader.js';

/** An image on the way up to its ancestors, and its section with what the command line sets. */
interface Child {
  readonly name: string;
  readonly section: Section;
}

/**
 * The image that a section describes.
 *
 * @param today the date in the artifacts' names, `YYYY-MM-DD`
 * @param children the images whose parents lead to this one, the nearest last
 * @throws UsageError with every problem of the section and its destinations at once, in the order of files and lines
 */
export function resolveImage(
  configuration: Configuration,
  name: string,
  overrides: Overrides,
  today: string,
  children: readonly Child[] = [],
): ImageSpec {
  const { image, flavor } = splitName(configuration, name);
  const section = withSettings(configuration.section(image), {
    ...settingsOfFlavor(configuration, flavor),
    ...overrides,
  });
  const problems: string[] = [];
  const reader = new SectionReader(section, problems);
  if (/[/\p{Cc}]|^[-.]/u.test(name)) {
    reader.complain("the name of an image becomes a file name; it can't begin with '-' or '.', or contain '/'");
  }
  reader.rejectBothSpellings(sectionKinds.image);
  const own = reader.values(imageOptions);
  complainOfFlavors(configuration, own.flavors, reader);
  const line = [...children, { name, section }];
  const parentImage = parentOf(configuration, own.parent, { overrides, today, line, reader });
  const values = withParentsValues(own, parentImage, reader);
  const origin =
    values.parent === undefined
      ? (bootstrapOrigin(
          values,
          reader,
          lockPath(
            configuration,
            { image, flavor },
            overrides['arch'] === undefined ? undefined : values.arch.debianName,
          ),
        ) ?? installationOf(values, reader))
      : deriveOrigin(
          parentImage?.name ?? values.parent,
          { parentImage, nearestImage: parentImage ? undefined : nearestImage(configuration, values.parent) },
          values,
          reader,
        );
  const hint = configuration.likeHint(image);
  if (hint !== undefined && reader.lacksAll([...sectionKinds.image.marks])) reader.complain(hint);
  const signing = signingOf(values, reader);
  const layout = layoutOf(values, reader);
  const firmware = firmwareOf(values, reader);
  const baseName = `${name}-${today}`;
  const uploads = values.uploadDestinations.flatMap(
    (destination) =>
      resolveDestination(configuration, section, reader, destination, `${baseName}.${values.format}`) ?? [],
  );
  const bundles = resolveTargets(configuration, values.bundles, 'bundles');
  for (const problem of bundles.problems) {
    // What a target's own section has wrong is told with its line.
    if (problem.startsWith('bundles: ')) reader.complain(problem, 'bundles');
    else problems.push(problem);
  }
  for (const { destination } of uploads) {
    if (destination.type !== 'oci' || bundles.targets.some(({ format }) => format === 'oci' || format === 'docker'))
      continue;
    reader.complain(
      `upload_destinations: ${destination.name} is a registry, and no container image is made: add 'oci' to 'bundles'`,
      'upload_destinations',
    );
  }
  const { variables, unresolved } = reader.seen();
  const users = resolveUsers(configuration, section, reader, variables.users ?? '', variables.user);
  if (problems.length > 0 || origin === undefined || firmware === undefined) {
    throw new UsageError(inOrderOfLines(problems));
  }
  const destinations = uploads.map(({ destination }) => destination);
  const isNamed = Object.keys(overrides).some((option) => canonical(option) === 'store-dir');
  return deepFreeze({
    ...values,
    name,
    section: image,
    baseName,
    origin,
    firmware,
    signing,
    layout,
    destinations,
    targets: bundles.targets,
    outputDir: resolve(values.outputDir),
    cacheDir: join(resolve(values.cacheDir ?? defaultCacheDirectory()), name),
    storeDir: storeDirectory(isNamed ? values.storeDir : undefined, () => values.storeDir),
    connect: values.connect ?? defaultConnection(),
    builderId: values.builderId ?? defaultBuilderId(),
    variables: {
      ...reader.derived(ofArchitecture),
      firmware: firmware.name,
      ...variables,
    },
    overridden: Object.keys(overrides),
    unresolved,
    advice: configuration.adviceFor(image),
    description: reader.description(),
    places: Object.fromEntries(
      [reader.places(Object.keys(imageOptions)), ...uploads.map((upload) => upload.places)].flatMap(
        Object.entries<string>,
      ),
    ),
    files: filesToCopy(values, reader),
    users,
    secrets: secretsOf(
      {
        ...variables,
        ...Object.fromEntries(users.map(({ name: user, passwordHash }) => [`${user}-password-hash`, passwordHash])),
      },
      destinations,
    ),
  });
}

/** The image that `parent` names, or the flavor of one; undefined where it names none: a layer of the store, or a file. */
function parentOf(
  configuration: Configuration,
  parent: string | undefined,
  {
    overrides,
    today,
    line,
    reader,
  }: { overrides: Overrides; today: string; line: readonly Child[]; reader: SectionReader },
): ImageSpec | undefined {
  if (parent === undefined) return undefined;
  const [meant, ...others] = parentsMeant(configuration, line.at(-1)?.name ?? '', parent);
  if (meant === undefined) return undefined;
  if (others.length > 0) {
    const names = [meant, ...others].join(', ');
    reader.complain(`parent = ${parent}: it is built in several flavors: name one of ${names}`, 'parent');
    return undefined;
  }
  const begin = line.findIndex(({ name }) => name === meant);
  if (begin >= 0) {
    complainOfCircle(line.slice(begin), reader.problems);
    return undefined;
  }
  try {
    return resolveImage(configuration, meant, overridesOfParents(overrides), today, line);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    reader.problems.push(...error.problems);
    return undefined;
  }
}

/** For suggestions: the image, or the flavor of one, that is spelt most like a parent. */
function nearestImage(configuration: Configuration, parent: string): string | undefined {
  const { image } = splitName(configuration, parent);
  const flavors = configuration.kind(image) === 'image' ? knownFlavorsOf(configuration, image) : [];
  return nearestWord(parent, [
    ...configuration.imageNames(),
    ...flavors.map((flavor) => flavoredName({ image, flavor })),
  ]);
}

/** The same words at the same line, from wherever the circle is entered; the command line where it closes the circle. */
function complainOfCircle(images: readonly Child[], problems: string[]): void {
  const first = images.map(({ section }) => section.name).toSorted()[0];
  const begin = images.findIndex(({ section }) => section.name === first);
  const circle = [...images.slice(begin), ...images.slice(0, begin)];
  const shown = [...circle, ...circle.slice(0, 1)].map(({ section }) => `[${section.name}]`).join(' -> ');
  const readers = circle.map(({ section }) => new SectionReader(section, problems));
  const blamed = readers.find((reader) => reader.fileOf('parent') === undefined) ?? readers.at(-1);
  blamed?.complain(`'parent' leads in a circle: ${shown}`, 'parent');
}

/**
 * The section with what the command line sets, and with a cache directory: other options and destinations may refer to
 * these, as in the Python image-factory.
 */
function withSettings(section: Section, overrides: Overrides): Section {
  const { name, document } = withOverrides(section, overrides);
  const problems: string[] = [];
  const reader = new SectionReader({ name, document }, problems);
  const { cacheDir } = reader.values({ cache_dir: imageOptions.cache_dir });
  // One that can't be resolved is told where it is read for the image.
  if (problems.length > 0) return { name, document };
  return { name, document: document.with(name, literally({ cache_dir: cacheDir ?? defaultCacheDirectory() })) };
}

/**
 * What a flavor sets in the section of its image.
 *
 * @throws UsageError for a value that can't be one, at the place where the flavor has it
 */
export function settingsOfFlavor(configuration: Configuration, flavor: string | undefined): Overrides {
  if (flavor === undefined) return {};
  const section = `flavor ${flavor}`;
  const { document } = configuration.section(section);
  const arch = document.sections.get(section)?.options.has('arch') ? document.get(section, 'arch') : undefined;
  if (arch === undefined) return {};
  const problems: string[] = [];
  new SectionReader({ name: section, document }, problems).values({ arch: flavorOptions.arch });
  if (problems.length > 0) throw new UsageError(problems);
  return { arch };
}

/** Today in local time, as Python's `datetime.date.today().isoformat()`. */
export function isoDate(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function installationOf(values: Values<typeof imageOptions>, reader: SectionReader): InstallOrigin | undefined {
  const installer = installerSource(values, reader);
  const answerFile = answerFileOf(values, reader);
  return installer && answerFile && { kind: 'install', installer, answerFile };
}

function installerSource(values: Values<typeof imageOptions>, reader: SectionReader): InstallerSource | undefined {
  const { installerImage, netbootArchive, linux, initrd } = values;
  const paths = [linux?.uri, initrd?.uri].filter((path) => path !== undefined && isPathInMedium(path));
  const boot = paths.length === 2 ? { linux: paths[0]!, initrd: paths[1]! } : undefined;
  if (installerImage) return { kind: 'medium', image: installerImage, ...(boot ? { boot } : {}) };
  // Where both are files of their own, they are meant instead of an archive that a section like this one has.
  if (netbootArchive && boot) return { kind: 'archive', archive: netbootArchive, boot };
  for (const option of reader.lacks('installer_image') ? ['linux', 'initrd'] : []) {
    if (reader.lacks(option)) {
      const nearMiss = reader.nearMiss(option);
      reader.complain(`no option '${option}'${nearMiss}, nor 'installer_image': set the source of the installer`);
    }
  }
  return linux && initrd ? { kind: 'netboot', linux, initrd } : undefined;
}

/** Relative, and no URI: `casper/vmlinuz`. A netboot file of [DEFAULT], which other images need, is none. */
function isPathInMedium(path: string): boolean {
  return !/^[a-z][a-z0-9+.-]*:|^[/~]/i.test(path);
}

function answerFileOf(
  values: Values<typeof imageOptions>,
  reader: SectionReader,
): InstallOrigin['answerFile'] | undefined {
  const given = answerFileKinds.filter((kind) => !reader.lacks(kind));
  if (given.length > 1) {
    reader.complain(
      `${given.map((kind) => `'${kind}'`).join(' and ')} are both set; an installation reads one answer file (an empty value unsets one of [DEFAULT])`,
      given.at(-1),
    );
  } else if (given.length === 0) {
    const names = answerFileKinds.map((kind) => `'${kind}'`);
    reader.complain(
      `no answer file: one of the options ${names.slice(0, -1).join(', ')} and ${names.at(-1)} must name it`,
    );
  }
  const [kind] = given;
  const path = kind && values[kind];
  return kind && path ? { kind, path } : undefined;
}

function layoutOf({ layout: name }: Values<typeof imageOptions>, reader: SectionReader): NamedLayout | undefined {
  if (name === undefined) return undefined;
  try {
    return { name, file: layoutFile(name, reader.fileOf('layout')) };
  } catch (error) {
    reader.complain(`layout = ${name}: expected ${(error as Error).message}`, 'layout');
    return undefined;
  }
}

/** The one that is asked for, or the architecture's usual one. */
function firmwareOf(values: Values<typeof imageOptions>, reader: SectionReader): MachineFirmware | undefined {
  // A word that is no architecture has been complained of already.
  const arch: Architecture = values.arch ?? defaultArchitecture;
  for (const [option, name] of [
    ['firmware', values.firmware],
    ['boot-test-firmware', tested[values.bootTestFirmware]],
  ] as const) {
    if (name === undefined || firmwareNamed(arch, name) !== undefined) continue;
    const known = arch.firmwares.map(({ name: each }) => `'${each}'`).join(' and ');
    reader.complain(
      `'${option} = ${values[option === 'firmware' ? option : 'bootTestFirmware'] ?? ''}': machines of ${arch.debianName} have ${known}`,
      option,
    );
  }
  expectMachines(arch, values, reader);
  return values.firmware === undefined ? arch.firmwares[0] : firmwareNamed(arch, values.firmware);
}

/** The boot test's machines: of this architecture, and one with Secure Boot where that is asked for. */
function expectMachines(
  arch: Architecture,
  { firmware, bootTestFirmware, bootTestMachine: asked = [] }: Values<typeof imageOptions>,
  reader: SectionReader,
): void {
  const option = 'boot-test-machine';
  const other = asked.find((type) => !arch.machineTypes.includes(type));
  if (other !== undefined) {
    const known = arch.machineTypes.map((type) => `'${type}'`).join(' and ');
    reader.complain(`'${option} = ${asked.join(', ')}': machines of ${arch.debianName} have ${known}`, option);
  }
  const secure = firmwareNamed(arch, 'uefi-secure')?.machineType;
  const isSecure = bootTestFirmware === 'uefi-secure' || (bootTestFirmware === 'auto' && firmware === 'uefi-secure');
  if (asked.length > 0 && isSecure && secure !== undefined && !asked.includes(secure)) {
    reader.complain(`'${option} = ${asked.join(', ')}': Secure Boot needs '${secure}'`, option);
  }
}

/** What templates see of the architecture, though no section sets it. */
const ofArchitecture = ['arch', 'debian-arch', 'rpm-arch', 'serial-device', 'kernel-arguments'];

/** What a word of `boot-test-firmware` needs. */
const tested: Readonly<Record<string, Firmware | undefined>> = {
  bios: 'bios',
  both: 'bios',
  uefi: 'uefi',
  'uefi-secure': 'uefi-secure',
};

function signingOf({ sign, signKey }: Values<typeof imageOptions>, reader: SectionReader): Signing | undefined {
  // A value that is no word of the option has been complained of already.
  if (sign === undefined || sign === 'no') return undefined;
  if (signKey) return { by: sign, key: signKey };
  reader.complain(`'sign = ${sign}' requires 'sign-key', the key to sign with`, 'sign');
  return undefined;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
