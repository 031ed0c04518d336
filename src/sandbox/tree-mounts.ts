import { mountOf } from '../host/mounts.js';

/** A directory or file of this machine that programs see in the tree. */
export interface Bind {
  /** Absolute, on this machine. */
  readonly from: string;
  /** Absolute, in the tree; symbolic links are followed there. It must exist, or lie below `/run`. */
  readonly to: string;
  readonly mode: 'read-only' | 'writable';
}

/** A bind whose place in the tree is known. */
export interface PlacedBind extends Omit<Bind, 'to'> {
  /** Absolute, in the tree, without symbolic links. */
  readonly place: string;
}

/** A line of fstab(5): what is mounted where, with which type and options. */
export type MountLine = readonly [what: string, where: string, type: string, options: string];

/**
 * The text of a file for `mount --all --fstab`, which mounts its lines in order: one process for all of them. It leaves
 * out what it finds mounted already, so the places must be new.
 */
export function fstab(lines: readonly MountLine[]): string {
  return lines.map((fields) => `${fields.map(escaped).join(' ')}\n`).join('');
}

/** Blanks end a field, and a line break ends a line: fstab(5). */
function escaped(field: string): string {
  return field.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/**
 * A tree at a place where it can be moved from, and the file systems of a running system over it.
 *
 * @param at a directory over which nothing was ever mounted
 * @param inUserNamespace then the kernel mounts no new /sys, because the network is the machine's; an ordinary user
 * can't write to the machine's /sys. Root's is read-only.
 */
export function fileSystems(
  root: string,
  { at, inUserNamespace }: { readonly at: string; readonly inUserNamespace: boolean },
): MountLine[] {
  return [
    [root, at, 'none', 'rbind'],
    ['proc', `${at}/proc`, 'proc', 'nosuid,nodev,noexec'],
    inUserNamespace
      ? ['/sys', `${at}/sys`, 'none', 'rbind']
      : ['sysfs', `${at}/sys`, 'sysfs', 'ro,nosuid,nodev,noexec'],
    ['dev', `${at}/dev`, 'tmpfs', 'mode=0755,nosuid,size=64M'],
    [
      ...(['devpts', `${at}/dev/pts`, 'devpts'] as const),
      'X-mount.mkdir,newinstance,nosuid,noexec,ptmxmode=0666,mode=0620,gid=5',
    ],
    ['shm', `${at}/dev/shm`, 'tmpfs', 'X-mount.mkdir,mode=1777,nosuid,nodev'],
    ['run', `${at}/run`, 'tmpfs', 'mode=0755,nosuid,nodev'],
  ];
}

/** What of /proc changes the kernel. Not every kernel has all of it. */
const kernelSettings = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq'];

/** Makes it read-only, where the kernel is that of this machine: sysctl(8) in a script is meant for the image. */
export function guardsOfKernel(at: string): MountLine[] {
  return kernelSettings
    .map((path) => `${at}${path}`)
    .map((path) => [path, path, 'none', 'bind,ro,nosuid,nodev,noexec']);
}

/** Those of this machine that a tree gets. */
export const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/** What of this machine the tree gets: its devices, and what the caller binds. */
export function sharedThings(at: string, binds: readonly PlacedBind[]): MountLine[] {
  return [
    ...devices.map((name): MountLine => [`/dev/${name}`, `${at}/dev/${name}`, 'none', 'bind']),
    ...binds.map(({ from, place, mode }): MountLine => [
      ...([from, `${at}${place}`, 'none'] as const),
      mode === 'read-only' ? ['bind', 'ro', ...keptOptions(from)].join(',') : 'bind',
    ]),
  ];
}

/**
 * A mount that becomes read-only loses its other options unless they are named, and in a user namespace the kernel lets
 * it lose none.
 */
function keptOptions(from: string): string[] {
  return (mountOf(from)?.options ?? []).filter((option) => ['nosuid', 'nodev', 'noexec'].includes(option));
}
