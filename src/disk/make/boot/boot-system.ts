import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from '../../../layout/layout.js';
import { readable } from '../../ext-directory.js';
import { devicePlaces } from '../device-places.js';
import { holderOf, pathWithin, type Mounted } from '../mount-points.js';
import type { TreeEntry } from '../tree-listing.js';
import type { BootTarget } from './boot-targets.js';
import type { BootFiles, Menu } from './grub-configuration.js';
import { defaultWords, rootWords } from './kernel-command-line.js';
import { kernelsIn } from './kernels.js';

/** A tree that is to boot from a disk of a layout: what every boot loader must know of it. */
export interface BootSystem {
  readonly tree: string;
  readonly layout: Layout;
  readonly entries: readonly TreeEntry[];
  readonly target: BootTarget;
  readonly menu: Menu;
  /** `ID` of os-release(5). */
  readonly distribution: string;
  readonly bootFiles: BootFiles;
  /** The disk that has /boot, which a BIOS starts. */
  readonly bootDisk: string;
  /** Where GRUB has its configuration and its modules, as an absolute path of the system. */
  readonly grubDirectory: string;
}

/** Where boot loaders and what they need are to be put. */
export interface Additions {
  /** The directory of what the disk adds to the tree. */
  readonly added: string;
  /** A directory for what lies in a file for a moment. */
  readonly scratch: string;
  /** Copies a file of the tree, which may be for root only, to a path of the system. */
  readonly copyFromTree: (from: string, to: string) => Promise<void>;
  /** The text of a file of the tree, which may be for root only. */
  readonly readTree: (path: string) => Promise<string>;
}

/** Why a disk does not boot by a firmware, where it might. */
export interface NoBoot {
  readonly why: string;
}

/** What is to be known of a tree; undefined where no file system holds its root directory. */
export async function bootSystem(
  given: Pick<BootSystem, 'tree' | 'layout' | 'entries' | 'target'>,
  uuids: ReadonlyMap<string, string>,
  furtherWords: readonly string[],
): Promise<BootSystem | undefined> {
  const { tree, layout, entries } = given;
  const root = holderOf(layout, '/');
  const boot = holderOf(layout, '/boot/grub');
  if (!root || !boot) return undefined;
  const release = await osRelease(tree, entries);
  const defaults = defaultWords(await textOf(tree, entries, ['etc/default/grub']));
  return {
    ...given,
    distribution: release.ID ?? 'linux',
    menu: {
      title: release.PRETTY_NAME ?? 'Linux',
      kernels: kernelsIn(entries),
      words: [...rootWords(layout, root, uuids.get(root.name) ?? ''), ...defaults, ...furtherWords],
    },
    bootFiles: filesOn(layout, boot, uuids.get(boot.name) ?? ''),
    bootDisk: devicePlaces(layout).get(boot.on)?.[0]?.disk ?? '',
    grubDirectory: entries.some(({ path }) => path === 'boot/grub2') ? '/boot/grub2' : '/boot/grub',
  };
}

function filesOn(layout: Layout, boot: Mounted, uuid: string): BootFiles {
  const group = layout.volumeGroups.find(({ volumes }) => volumes.some(({ name }) => name === boot.on));
  const devices = group?.physicalVolumes ?? [boot.on];
  const disks = layout.disks.filter(({ name, partitions }) =>
    devices.some((device) => device === name || partitions.some((partition) => partition.name === device)),
  );
  const tables = [...new Set(disks.map(({ label }) => label))];
  const subvolume = boot.subvolumes.find(({ mount }) => mount === boot.mount)?.name;
  return {
    uuid,
    modules: [
      ...tables.flatMap((label) => (label === null ? [] : label === 'gpt' ? ['part_gpt'] : ['part_msdos'])),
      ...(group ? ['lvm'] : []),
      moduleOf(boot.type),
    ],
    locate: (path) => `${subvolume === undefined ? '' : `/${subvolume}`}${pathWithin(boot, path)}`,
  };
}

function moduleOf(type: string): string {
  if (/^ext[234]$/.test(type)) return 'ext2';
  return /^(v?fat|msdos)$/.test(type) ? 'fat' : type;
}

/** @see os-release(5) */
async function osRelease(tree: string, entries: readonly TreeEntry[]): Promise<Partial<Record<string, string>>> {
  const text = await textOf(tree, entries, ['usr/lib/os-release', 'etc/os-release']);
  const lines = text.matchAll(/^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/gm);
  return Object.fromEntries(
    Array.from(lines, ([, name = '', double, single, plain]): [string, string] => [
      name,
      double ?? single ?? plain ?? '',
    ]),
  );
}

/** The first of some files that is one, and no link: links of a tree lead out of it. */
async function textOf(tree: string, entries: readonly TreeEntry[], paths: readonly string[]): Promise<string> {
  const path = paths.find((candidate) => isFile(entries, candidate));
  return path === undefined ? '' : readable(await readFile(join(tree, path), 'latin1'));
}

export function isFile(entries: readonly TreeEntry[], path: string): boolean {
  return entries.some((entry) => entry.path === path && entry.kind === 'f');
}
