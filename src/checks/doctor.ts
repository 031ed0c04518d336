import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse } from 'ini';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { missingForSubordinateIds } from '../host/subordinate-ids.js';
import { Libvirt } from '../machine/libvirt.js';
import { whyNoNamespaces } from '../sandbox/enter.js';
import { helperTrouble } from '../host/sudo-helper.js';
import { findProgram, programs, type ProgramName } from '../host/programs.js';
import { detectAcceleration, kvmIsOfAnotherGroup } from '../machine/acceleration.js';
import { architectures, type Architecture } from '../machine/architectures.js';
import { lackingFirmwares, type LackingFirmware, type WantedMachine } from './lacking-firmwares.js';

/** Something that this machine lacks. */
export interface Finding {
  /** `missing`: no build works without it. `note`: builds are slower, or some images can't be built. */
  readonly weight: 'missing' | 'note';
  readonly what: string;
  /** What to do: a package to install, a group to join, a command. */
  readonly fix: string;
}

/** What the images of a configuration want of this machine. */
export interface Wanted {
  /** libvirt's URIs. */
  readonly connections: readonly string[];
  readonly cacheDirectories: readonly string[];
  /** The machines that are installed and booted. */
  readonly machines: readonly WantedMachine[];
}

/** Finds what this machine is missing for building. */
export async function diagnose(host: Host, { connections, cacheDirectories, machines }: Wanted): Promise<Finding[]> {
  const wanted = [...new Set(machines.map(({ architecture }) => architecture))];
  const troubles: Finding[] = [];
  for (const connect of connections) troubles.push(...(await libvirtTrouble(host, connect)));
  return [
    ...missingPrograms(wanted),
    ...lackingFirmwares(machines).map(firmwareFinding),
    ...wanted.flatMap(untested),
    ...cacheDirectories.flatMap(unwritable),
    ...troubles,
    ...(await Promise.all(wanted.map(accelerationTrouble))).flat(),
    ...(await helperNote(host)),
    ...subordinateIdsNote(),
    ...(await namespacesNote(host)),
    ...(await kvmGroupTrouble(connections)),
  ];
}

const emulators: ReadonlySet<ProgramName> = new Set(
  Object.values<Architecture>(architectures).map(({ emulator }) => emulator),
);

function missingPrograms(wanted: readonly Architecture[]): Finding[] {
  const necessary = new Set(wanted.map(({ emulator }) => emulator));
  return (Object.keys(programs) as ProgramName[])
    .filter((name) => findProgram(name) === undefined && (!emulators.has(name) || necessary.has(name)))
    .map((name) => {
      const program = programs[name];
      return {
        weight: 'optional' in program && !necessary.has(name) ? 'note' : 'missing',
        what: `${name} is not installed (needed for ${program.neededFor})`,
        fix: installation(name),
      };
    });
}

function firmwareFinding({ file, neededFor, isNecessary, package: name }: LackingFirmware): Finding {
  return {
    weight: isNecessary ? 'missing' : 'note',
    what: `there is no ${file} (needed for ${neededFor})`,
    fix: `${installCommand()} ${name}`,
  };
}

function untested({ isTested, debianName }: Architecture): Finding[] {
  if (isTested) return [];
  return [
    { weight: 'note', what: `${debianName} is untested`, fix: 'no image of it was ever built; tell us how it goes' },
  ];
}

/** The command that installs a program here. */
export function installation(name: ProgramName): string {
  const program = programs[name];
  return `${'registry' in program ? 'pipx install' : installCommand()} ${program.package}`;
}

/** How packages are installed here, by /etc/os-release (os-release(5)). */
function installCommand(osRelease = '/etc/os-release'): string {
  const release: Record<string, string> = existsSync(osRelease) ? parse(readFileSync(osRelease, 'utf8')) : {};
  const { ID = '', ID_LIKE = '' } = release;
  const isDebian = [ID, ...ID_LIKE.split(' ')].includes('debian');
  return isDebian ? 'apt-get install' : 'install the equivalent of the Debian package';
}

function unwritable(directory: string): Finding[] {
  let existing = directory;
  while (!existsSync(existing)) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) {
    const what = `the cache directory ${directory} can't be made: ${existing} is no directory`;
    return [{ weight: 'missing', what, fix: 'choose another with the option cache_dir' }];
  }
  try {
    accessSync(existing, constants.W_OK);
    return [];
  } catch {
    return [
      {
        weight: 'missing',
        what: `the cache directory ${directory} is not writable`,
        fix: `chown "$USER" ${existing}, or choose another with the option cache_dir`,
      },
    ];
  }
}

async function libvirtTrouble(host: Host, connect: string): Promise<Finding[]> {
  if (findProgram('virsh') === undefined) return [];
  try {
    await new Libvirt(host, connect).ensureReachable();
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [
      {
        weight: 'missing',
        what: error.message.replaceAll('\n', ' '),
        fix: error.hint ?? 'see the log of libvirtd',
      },
    ];
  }
}

async function accelerationTrouble(architecture: Architecture): Promise<Finding[]> {
  const { virtType, reason } = await detectAcceleration(architecture);
  if (virtType === 'kvm') return [];
  return [{ weight: 'note', what: `no KVM: ${reason}`, fix: 'installations run in software, about ten times slower' }];
}

/** Only images with xfs or btrfs need it. */
async function helperNote(host: Host): Promise<Finding[]> {
  if (process.getuid?.() !== 0 && findProgram('sudo') === undefined) return [];
  const trouble = await helperTrouble(host);
  return trouble === undefined ? [] : [{ weight: 'note', ...trouble }];
}

const withoutNamespaces = "images are derived in virtual machines only, and can't be made of packages ('group =')";

/** Root has all ids. */
function subordinateIdsNote(): Finding[] {
  const missing = process.getuid?.() === 0 ? undefined : missingForSubordinateIds();
  if (missing === undefined) return [];
  const what = `${missing.what}: in layers of this user, all files belong to root; ${withoutNamespaces}`;
  return [{ weight: 'note', what, fix: missing.fix }];
}

/** What lacks subordinate ids is told with them. */
async function namespacesNote(host: Host): Promise<Finding[]> {
  if (process.getuid?.() !== 0 && missingForSubordinateIds() !== undefined) return [];
  const closed = await whyNoNamespaces(host);
  if (closed === undefined) return [];
  const what = `${closed.what}: ${withoutNamespaces}`;
  return [{ weight: 'note', what, fix: closed.fix }];
}

async function kvmGroupTrouble(connections: readonly string[]): Promise<Finding[]> {
  if (!connections.includes('qemu:///system') || !(await kvmIsOfAnotherGroup())) return [];
  return [
    {
      weight: 'note',
      what: "/dev/kvm does not belong to the group kvm: libvirt's QEMU can't open it, and libvirt probes it again and again, which takes minutes",
      fix: 'chgrp kvm /dev/kvm',
    },
  ];
}
