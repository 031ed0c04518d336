import type { AnswerFileKind } from '../config/image-spec.js';

/** The repository that an installer gets instead of a mirror: the packages of a lock, and no others. Plain data. */
export interface LockedRepository {
  /** `address:port` as the guest reaches it. */
  readonly host: string;
  /** The path of the archive there. */
  readonly directory: string;
  readonly suite: string;
  /** The public key that signs it, as apt reads it, in base64. */
  readonly key: string;
  /** The same as text. */
  readonly keyText: string;
  /** That of the key: 40 hexadecimal digits in capitals. */
  readonly fingerprint: string;
  /** The names of all packages of the lock. */
  readonly packages: readonly string[];
  /** The kernel that the groups take, where the section names none. */
  readonly kernel?: string;
}

/** What stands for a repository where none is served: outside of a build. */
export const noRepository: LockedRepository = {
  host: '10.0.2.2:PORT',
  directory: '/archive',
  suite: '',
  key: '',
  keyText: '',
  fingerprint: '',
  packages: [],
};

function repositoryUrl({ host, directory }: LockedRepository): string {
  return `http://${host}${directory}`;
}

/** The kernel arguments by which an installer is told of its repositories; those of others name them in their answer files. */
const told = {
  // Agama's documentation, "Boot options": it takes the place of the repositories of the product.
  agama: /(?<!\S)inst\.(?:install_url|register_url)=\S*\s*/g,
  // linuxrc: where packages lie, and unless `instsys` says it, below it the system that the installer runs in.
  yast: /(?<!\S)install=(\S*)\s*/g,
} as const satisfies Partial<Record<AnswerFileKind, RegExp>>;

/**
 * The kernel arguments of an installer that gets a repository: what names another one, or would register for others, goes.
 *
 * @param arch the architecture as linuxrc knows it, such as `x86_64`
 */
export function repositoryArguments(
  { answerFile: { kind } }: { readonly answerFile: { readonly kind: AnswerFileKind } },
  append: string,
  repository: LockedRepository | undefined,
  arch: string,
): string {
  if (repository === undefined || (kind !== 'agama' && kind !== 'yast')) return append;
  const others = append.replace(told[kind], '').trim();
  const url = repositoryUrl(repository);
  if (kind === 'agama') return `${others} inst.install_url=${url}`;
  const tree = installationTree(append);
  const isSaid = tree === undefined || /(?<!\S)instsys=/.test(others);
  return [others, `install=${url}`, ...(isSaid ? [] : [`instsys=${tree}/boot/${arch}/root`])].join(' ');
}

/** Where linuxrc is told that the installer lies, without a slash at its end. */
export function installationTree(append: string): string | undefined {
  return /(?<!\S)install=(\S+)/.exec(append)?.[1]?.replace(/\/+$/, '');
}

/** Boot loaders are the installer's: what it is to install only when the disk is ready, or removes for another one. */
function isBootLoader(name: string): boolean {
  return /^(?:grub|shim)/.test(name);
}

/** A kernel among the names of packages. */
export function kernelAmong(names: readonly string[]): string | undefined {
  return names.find((name) => /^linux-(?:image-|generic|virtual)/.test(name));
}

/**
 * Variables of answer files: where the installer finds packages. Templates read **package-repository**, which is empty where
 * there is no lock; those of mirrors mean the repository where there is one, so that nothing else is installed from.
 */
export function repositoryVariables(
  repository: LockedRepository | undefined,
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (repository === undefined)
    return {
      ...{ 'package-repository': '', 'package-key': '', 'package-key-text': '', 'package-key-fingerprint': '' },
      ...{ 'package-names': '', 'package-names-early': '' },
    };
  const { host, key, keyText, fingerprint, packages, directory } = repository;
  const url = repositoryUrl(repository);
  const said = (name: string) => variables[name] ?? variables[name.replaceAll('-', '_')];
  const kernel = said('kernel-package') || repository.kernel;
  return {
    'package-repository': url,
    'package-key': key,
    'package-key-text': keyText.trim(),
    // In the groups that installers show it in.
    'package-key-fingerprint': fingerprint.match(/.{4}/g)?.join(' ') ?? '',
    'package-names': packages.join(' '),
    'package-names-early': packages.filter((name) => !isBootLoader(name)).join(' '),
    'mirror-protocol': 'http',
    'mirror-host': host,
    'mirror-directory': directory,
    'ubuntu-mirror-host': host,
    'ubuntu-mirror-directory': directory,
    'autoinstall-mirror': url,
    'udeb-suite': '',
    'allow-unauthenticated': 'no',
    proxy: '',
    updates: 'no',
    ...(kernel === undefined ? {} : { 'kernel-package': kernel }),
  };
}
