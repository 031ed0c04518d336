import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { quote } from 'shlex';
import type { Packages } from '../config/description-types.js';
import { Failure } from '../host/failure.js';
import { aptDownloads } from '../sandbox/apt-downloads.js';
import type { Downloads } from '../sandbox/package-cache.js';
import { dnfDownloads, zypperDownloads } from '../sandbox/rpm-downloads.js';
import type { Bind } from '../sandbox/tree-mounts.js';

/** What is run in the tree. */
export interface PackageCommand {
  readonly words: readonly string[];
  /** For messages, instead of the words. */
  readonly shown?: string;
  /** Whether it has the directory of downloads that builds share, and may change it. Default: it does not see it. */
  readonly downloads?: Bind['mode'];
}

/** A distribution's own tool for packages. */
export interface PackageManager {
  readonly name: string;
  /** In the tree. */
  readonly program: string;
  /** What builds share of what it downloads to {@link downloadsInTree}. Default: nothing. */
  readonly downloads?: Downloads;
  /** The commands that install and remove packages, in order. */
  commands(packages: Packages): PackageCommand[];
  /** Puts the tool's own caches out of the tree. */
  readonly clean: readonly string[];
}

/**
 * Where the tree sees the downloads that builds share. Not the package manager's own directory, which the tree may have no
 * more, or anywhere else, and which those of container images empty after each installation.
 */
export const downloadsInTree = '/run/image-factory/packages';

const apt: PackageManager = {
  name: 'apt',
  program: '/usr/bin/apt-get',
  downloads: aptDownloads,
  commands: ({ added, leftOut }) => [
    // Without the first option, apt-get warns of a list that it could not fetch, and takes an older one. Container images
    // have set the second one, and builds share lists as the mirror's sums have them.
    {
      words: ['apt-get', '-q', '-o', 'APT::Update::Error-Mode=any', '-o', 'Acquire::GzipIndexes=false', 'update'],
      shown: 'apt-get update',
    },
    {
      words: [
        ...['apt-get', '-q', '-y', '-o', `Dir::Cache::archives=${downloadsInTree}`, 'install', '--'],
        // A minus behind a name removes the package: apt-get(8), "install".
        ...[...added, ...leftOut.map((name) => `${name}-`)],
      ],
      shown: ['apt-get install', ...added, ...leftOut.map((name) => `${name}-`)].join(' '),
      downloads: 'writable',
    },
  ],
  clean: ['apt-get', '-q', 'clean'],
};

/**
 * The first word names packages that are not to come as recommendations; those that follow are a call of dnf. It would not
 * remove what is excluded, so what is installed is not.
 */
const excluding =
  'set -f; for name in $1; do rpm --query --quiet "$name" || set -- "$@" "--exclude=$name"; done; shift; exec "$@"';

const ofTheLoan = [`--setopt=cachedir=${downloadsInTree}`, '--setopt=keepcache=1'];

/**
 * By program, what has it take what builds share for its own, keep it, and fetch what describes the metadata all the same,
 * also where the tree's configuration says not to: that is what it checks the rest against. Programs that are not here have
 * other options for it, or other rules of what they check.
 */
const sharing: Readonly<Partial<Record<string, readonly string[]>>> = {
  '/usr/bin/dnf': [...ofTheLoan, '--setopt=cacheonly=0', '--refresh'],
  // It looks for what to refresh when it has read as far as that word. It would also take metadata of the tree's own
  // directory instead, without a question.
  '/usr/bin/dnf5': [
    ...ofTheLoan,
    `--setopt=system_cachedir=${downloadsInTree}`,
    '--setopt=cacheonly=none',
    '--refresh',
  ],
};

function dnf(program: string): PackageManager {
  const options = sharing[program];
  const remove = (names: readonly string[]) =>
    names.length > 0 ? [{ words: [program, '-y', 'remove', ...names] }] : [];
  const install = (words: readonly string[], before: readonly string[] = []): PackageCommand => ({
    words: [...before, program, '-y', ...(options ?? []), 'install', ...words],
    shown: [program, '-y', 'install', ...words].map(quote).join(' '),
    downloads: 'writable',
  });
  return {
    name: 'dnf',
    program,
    ...(options !== undefined ? { downloads: dnfDownloads } : {}),
    commands: ({ added, leftOut }) => {
      if (added.length === 0) return remove(leftOut);
      if (leftOut.length === 0) return [install(added)];
      const exclude = leftOut.map((name) => `--exclude=${name}`);
      // They can't erase to install, and microdnf can't exclude.
      if (program.endsWith('/microdnf')) return [...remove(leftOut), install(added)];
      if (program.endsWith('/yum')) return [...remove(leftOut), install([...exclude, ...added])];
      return [
        install(['--allowerasing', ...added], ['/bin/sh', '-c', excluding, 'sh', leftOut.join(' ')]),
        // Afterwards, so that what needs one of them stays where a new package provides the same: dnf itself may be of these.
        ...remove(leftOut),
      ];
    },
    clean: [program, '-y', 'clean', 'all'],
  };
}

/** What was recommended has come all the same. rpm refuses to take away what something needs, and names it. */
const eraseInstalled = 'for name do if rpm --query --quiet "$name"; then rpm --erase "$name" || exit; fi; done';

const zypperCall = ['zypper', '--non-interactive'];

const zypper: PackageManager = {
  name: 'zypper',
  program: '/usr/bin/zypper',
  downloads: zypperDownloads,
  commands: ({ added, leftOut }) => {
    // In one go, by a minus before a name (zypper(8), "install"): what needs a package that another one replaces stays.
    const names = [...added, ...leftOut.map((name) => `-${name}`)];
    const install = (downloads: Bind['mode'], options: readonly string[]): PackageCommand => {
      const words = ['install', ...options, '--auto-agree-with-licenses', '--', ...names];
      return {
        words: [...zypperCall, '--pkg-cache-dir', downloadsInTree, ...words],
        shown: [...zypperCall, ...words].map(quote).join(' '),
        downloads,
      };
    };
    return [
      // As it installs, zypper removes what it downloaded, unless the repository says that it is to be kept.
      ...(added.length > 0 ? [install('writable', ['--download-only'])] : []),
      install(added.length > 0 ? 'read-only' : 'writable', []),
      ...(leftOut.length > 0
        ? [{ words: ['/bin/sh', '-c', eraseInstalled, 'sh', ...leftOut], shown: `rpm --erase ${leftOut.join(' ')}` }]
        : []),
    ];
  },
  clean: [...zypperCall, 'clean', '--all'],
};

const managers: readonly PackageManager[] = [
  apt,
  ...['/usr/bin/dnf5', '/usr/bin/dnf', '/usr/bin/microdnf', '/usr/bin/yum'].map(dnf),
  zypper,
];

/** The tool of a tree. @throws Failure if it has none that is known here */
export function packageManagerOf(root: string): PackageManager {
  const found = managers.find(({ program }) => existsSync(join(root, program)));
  if (found !== undefined) return found;
  throw new Failure('packages: the tree has none of apt-get, dnf, microdnf, yum and zypper to install them', {
    hint: 'Leave the option packages out; files and run work in every tree.',
  });
}
