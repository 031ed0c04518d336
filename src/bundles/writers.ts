import { bundleFormats, type BundleFormat, type BundleFormatName } from '../config/bundle-formats.js';
import type { ProgramName } from '../host/programs.js';
import { writeConverted } from './disks/convert.js';
import { writeGce } from './disks/gce.js';
import { writeOva } from './disks/ova.js';
import { writeRaw } from './disks/raw.js';
import { writeVagrant } from './disks/vagrant.js';
import { writeXen } from './disks/xen.js';
import { writeXva } from './disks/xva.js';
import type { Made, Making } from './making.js';
import type { DiskSource, TreeSource } from './source.js';
import { writeIncus, writeLxc, writeTar, writeWsl } from './trees/archives.js';
import { writeDocker, writeOci } from './trees/containers.js';
import { writeFileSystem } from './trees/file-systems.js';

/** Writes the files of a bundle of a disk. */
export type DiskWriter = (making: Making, source: DiskSource) => Promise<Made>;

/** Writes the files of a bundle of files. */
export type TreeWriter = (making: Making, source: TreeSource) => Promise<Made>;

type DiskFormatName = {
  [Name in BundleFormatName]: (typeof bundleFormats)[Name]['of'] extends 'disk' ? Name : never;
}[BundleFormatName];

/** What writes each format of a disk. */
export const diskWriters: Readonly<Record<DiskFormatName, DiskWriter>> = {
  qcow2: writeConverted,
  raw: writeRaw,
  vmdk: writeConverted,
  vdi: writeConverted,
  vhd: writeConverted,
  vhdx: writeConverted,
  ova: writeOva,
  gce: writeGce,
  vagrant: writeVagrant,
  xen: writeXen,
  xva: writeXva,
};

/** What writes each format of files. */
export const treeWriters: Readonly<Record<Exclude<BundleFormatName, DiskFormatName>, TreeWriter>> = {
  tar: writeTar,
  oci: writeOci,
  docker: writeDocker,
  squashfs: writeFileSystem,
  erofs: writeFileSystem,
  incus: writeIncus,
  lxc: writeLxc,
  wsl: writeWsl,
};

export function isOfDisk(format: BundleFormatName): format is DiskFormatName {
  return (bundleFormats[format] as BundleFormat).of === 'disk';
}

/** Programs that a format calls beside those that every image needs. */
export function programsFor(format: BundleFormatName, subformat: string | undefined): readonly ProgramName[] {
  const more: Readonly<Partial<Record<BundleFormatName, readonly ProgramName[]>>> = {
    raw: ['xz', 'zstd', 'igzip'],
    gce: ['tar', 'igzip'],
    vagrant: ['igzip'],
    xva: ['igzip'],
    tar: ['getfattr', 'xz', 'zstd', 'igzip'],
    oci: ['getfattr', 'igzip', 'zstd'],
    docker: ['getfattr'],
    squashfs: ['getfattr', 'mksquashfs'],
    erofs: ['getfattr', 'mkfs.erofs'],
    incus: ['getfattr', 'xz', ...(subformat === 'split' ? (['mksquashfs'] as const) : [])],
    lxc: ['getfattr', 'xz'],
    wsl: ['getfattr', 'igzip'],
  };
  return more[format] ?? [];
}
