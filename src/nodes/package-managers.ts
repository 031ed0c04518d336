import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Packages } from '../config/description-types.js';
import { Failure } from '../host/failure.js';
import type { PackageCache } from '../sandbox/package-cache.js';

/** A distribution's own tool for packages. */
export interface PackageManager {
  readonly name: string;
  /** In the tree. */
  readonly program: string;
  readonly cache: PackageCache | undefined;
  /** The commands that install and remove packages, in order. */
  commands(packages: Packages): string[][];
  /** Puts the tool's own caches out of the tree. */
  readonly clean: readonly string[];
}

const apt: PackageManager = {
  name: 'apt',
  program: '/usr/bin/apt-get',
  cache: { directory: '/var/cache/apt/archives', isPackage: (name) => name.endsWith('.deb') },
  commands: ({ added, leftOut }) => [
    // Without the option, apt-get warns of a list that it could not fetch, and takes an older one.
    ['apt-get', '-q', '-o', 'APT::Update::Error-Mode=any', 'update'],
    // A minus behind a name removes the package: apt-get(8), "install".
    ['apt-get', '-q', '-y', 'install', '--', ...added, ...leftOut.map((name) => `${name}-`)],
  ],
  clean: ['apt-get', '-q', 'clean'],
};

function dnf(program: string): PackageManager {
  const excluded = (names: readonly string[]) =>
    program.endsWith('/microdnf') ? [] : names.map((name) => `--exclude=${name}`);
  return {
    name: 'dnf',
    program,
    cache: undefined,
    commands: ({ added, leftOut }) => [
      ...(leftOut.length > 0 ? [[program, '-y', 'remove', ...leftOut]] : []),
      // Or they might come back as recommendations. microdnf can't exclude.
      ...(added.length > 0 ? [[program, '-y', 'install', ...excluded(leftOut), ...added]] : []),
    ],
    clean: [program, '-y', 'clean', 'all'],
  };
}

/** What was recommended has come all the same. rpm refuses to take away what something needs, and names it. */
const eraseInstalled = 'for name do if rpm --query --quiet "$name"; then rpm --erase "$name" || exit; fi; done';

const zypperCall = ['zypper', '--non-interactive'];

const zypper: PackageManager = {
  name: 'zypper',
  program: '/usr/bin/zypper',
  cache: undefined,
  commands: ({ added, leftOut }) => [
    // In one go, by a minus before a name (zypper(8), "install"): what needs a package that another one replaces stays.
    [...zypperCall, 'install', '--auto-agree-with-licenses', '--', ...added, ...leftOut.map((name) => `-${name}`)],
    ...(leftOut.length > 0 ? [['/bin/sh', '-c', eraseInstalled, 'sh', ...leftOut]] : []),
  ],
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
