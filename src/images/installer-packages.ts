import { renderAnswerFile } from '../answers/answer-file.js';
import { needsOf } from '../answers/partitioning/packages.js';
import type { Configuration } from '../config/configuration.js';
import { descriptionOptions } from '../config/description-options.js';
import { flavoredName, splitName, type FlavoredImage } from '../config/flavored-name.js';
import {
  answerFileKinds,
  installOrigin,
  isInstalled,
  type AnswerFileKind,
  type ImageSpec,
  type InstallSpec,
} from '../config/image-spec.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { imageLayout } from '../layout/image-layout.js';
import type { InstallerRequest } from '../packages/installer-request.js';
import { packageRequest, type PackageRequest } from '../packages/request.js';
import { answerFileSource } from './answer-file-source.js';
import { installationTree, noRepository } from './locked-repository.js';
import { additionsOf, anacondaAdditions } from './installer-additions.js';
import { agamaPackages, autoyastPackages, suseAdditions } from './suse-packages.js';

/**
 * What an image that is installed asks for: its groups, what its answer file names, and what its installer adds by itself.
 *
 * @throws UsageError for an installer or an answer file that can't install from a lock
 */
export async function installedRequest(configuration: Configuration, spec: InstallSpec): Promise<PackageRequest> {
  const image = splitName(configuration, spec.name);
  const { kind } = installOrigin(spec).answerFile;
  const said = (name: string) => spec.variables[name] ?? spec.variables[name.replaceAll('-', '_')] ?? '';
  const isSuse = kind === 'agama' || kind === 'yast';
  if (isSuse && said('proxy') !== '') {
    throw new UsageError([
      `[${spec.section}] proxy: this installer would ask the proxy for the repository of the package lock as well, which only this machine can reach: leave it out`,
    ]);
  }
  if (kind === 'yast') expectVerifiedTree(spec);
  if (said('extra-repositories') !== '') {
    throw new UsageError([
      `[${spec.section}] extra-repositories: an installer that installs from a package lock sees nothing else: name the archives in 'package-sources'`,
    ]);
  }
  const { content, mentioned } = await renderAnswerFile(answerFileSource(spec, { repository: noRepository }));
  if (!mentioned.has('package-repository')) {
    throw new UsageError([
      `${spec.places[kind] ?? kind} = ${installOrigin(spec).answerFile.path}: it does not mention 'package-repository', so the installer would not install from the package lock: see image-factory-packages(7)`,
    ]);
  }
  const { leftOut } = descriptionOptions.packages.type.parse(said('packages'));
  const layout = await imageLayout(spec);
  const needs = layout === undefined ? [] : needsOf(layout);
  if (kind !== 'preseed' && kind !== 'autoinstall') {
    const components = kind === 'yast' ? listed(said('installer-components')) : [];
    const installer = { further: await furtherOf(spec, kind, needs), leftOut, udebSuite: undefined, components };
    return packageRequest(configuration, image, installer, askedArch(spec));
  }
  const names =
    kind === 'preseed'
      ? preseededPackages(content.toString())
      : await autoinstalledPackages(spec, said('kernel-package'));
  const named = names.map((name) => ({ name, why: 'answer file' as const }));
  const udebSuite = kind === 'preseed' ? said('udeb-suite') || said('suite') : undefined;
  const installer = { further: named, leftOut, udebSuite };
  const { group } = packageRequest(configuration, image, installer, askedArch(spec));
  const additions = [
    ...additionsOf(spec, { named: [...named, ...group.members].map(({ name }) => name), needs }),
    ...(kind === 'preseed' ? [] : ['openssh-server', ...listed(said('medium-packages'), /\s+/)]),
  ];
  const further = [...named, ...additions.map((name) => ({ name, why: 'installer' as const }))];
  const distinct = further.filter(({ name }, at) => further.findIndex((other) => other.name === name) === at);
  return packageRequest(configuration, image, { ...installer, further: distinct }, askedArch(spec));
}

/** linuxrc takes the system that the installer runs in from the tree of **install**, if its sums are signed. */
function expectVerifiedTree({ section, append, checksums, verify }: InstallSpec): void {
  const problems = [
    ...(installationTree(append) === undefined
      ? [`[${section}] append: it has no 'install=URL': with a package lock, it says where the installer itself lies`]
      : []),
    ...(checksums === undefined || verify === 'off'
      ? [
          `[${section}] ${checksums === undefined ? 'checksums: it is not set' : 'verify = off'}: with a package lock, the installer checks itself by the list of checksums`,
        ]
      : []),
  ];
  if (problems.length > 0) throw new UsageError(problems);
}

/** What a variable lists, one a line, or as `separator` says. */
function listed(text: string, separator: string | RegExp = '\n'): string[] {
  return text
    .split(separator)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** The packages that the user-data of subiquity names, and those that its script at the end would install without a lock. */
async function autoinstalledPackages(spec: InstallSpec, kernel: string): Promise<string[]> {
  const {
    default: { parse },
  } = await import('yaml');
  const { content } = await renderAnswerFile(answerFileSource(spec));
  const { autoinstall } = parse(content.toString()) as { autoinstall?: { packages?: string[] } };
  const { added } = descriptionOptions.packages.type.parse(spec.variables['packages'] ?? '');
  return [...new Set([...(autoinstall?.packages ?? []), ...added, ...(kernel === '' ? [] : [kernel])])];
}

/** How installers of rpm are told packages, and what they add to them. */
const rpmInstallers = {
  kickstart: { named: kickstartedPackages, added: anacondaAdditions },
  agama: { named: agamaPackages, added: suseAdditions },
  yast: { named: autoyastPackages, added: suseAdditions },
} as const satisfies Partial<Record<AnswerFileKind, object>>;

/** What an answer file names that is not for a lock, and what its installer adds. */
async function furtherOf(
  spec: InstallSpec,
  kind: keyof typeof rpmInstallers,
  needs: readonly string[],
): Promise<InstallerRequest['further']> {
  const installer = rpmInstallers[kind];
  const { content } = await renderAnswerFile(answerFileSource(spec));
  const named = installer.named(content.toString()).map((name) => ({ name, why: 'answer file' as const }));
  const added = installer.added(spec, needs).filter((name) => !named.some((each) => each.name === name));
  return [...named, ...added.map((name) => ({ name, why: 'installer' as const }))];
}

/** The packages and groups that a Kickstart file names. */
export function kickstartedPackages(text: string): string[] {
  const sections = [...text.matchAll(/^%packages\b.*\n([^]*?)^%end$/gm)].map(([, lines = '']) => lines);
  const names = sections
    .join('\n')
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim());
  return [...new Set(names.filter((name) => name !== '' && !name.startsWith('-')))];
}

/** The architecture that the command line asks for, as Debian calls it; undefined: that of the section, or of the flavor. */
export function askedArch({ overridden, arch }: Pick<ImageSpec, 'overridden' | 'arch'>): string | undefined {
  return overridden.includes('arch') ? arch.debianName : undefined;
}

/** What a package lock is about. */
export interface Lockable {
  readonly request: PackageRequest;
  /** Undefined for an image without an installer. */
  readonly installed?: InstallSpec | undefined;
}

/**
 * What a package lock of an image is about.
 *
 * @param arch the architecture that the command line asks for
 * @throws UsageError for groups, flavors, sources and answer files with a mistake
 */
export async function lockable(configuration: Configuration, image: FlavoredImage, arch?: string): Promise<Lockable> {
  const { document } = configuration.section(image.image);
  const isSaid = (option: string) => Boolean(document.get(image.image, option));
  if (isSaid('parent') || !answerFileKinds.some(isSaid))
    return { request: packageRequest(configuration, image, undefined, arch) };
  const spec = resolveImage(
    configuration,
    flavoredName(image),
    arch === undefined ? {} : { arch },
    isoDate(new Date()),
  );
  if (!isInstalled(spec)) return { request: packageRequest(configuration, image, undefined, arch) };
  return { request: await installedRequest(configuration, spec), installed: spec };
}

/** The packages that a preseed file names: `pkgsel/include`, the kernel, what is installed with the base system, and tasks. */
export function preseededPackages(text: string): string[] {
  const answers = (question: string) =>
    [...text.matchAll(new RegExp(`^[\\w-]+[ \\t]+${question}[ \\t]+\\w+[ \\t]+(.*)$`, 'gm'))].flatMap(
      ([, value = '']) => value.split(/[\s,]+/).filter((word) => word !== ''),
    );
  const tasks = answers('pkgsel/run_tasksel').includes('false') ? [] : answers('tasksel/first');
  const names = [
    ...answers('pkgsel/include'),
    ...answers('base-installer/includes'),
    ...answers('base-installer/kernel/image'),
    ...tasks.map((task) => (task === 'standard' ? '?priority(standard)' : `task-${task}`)),
  ];
  return [...new Set(names)];
}
