import { basename, join } from 'node:path';
import type { Wanted } from '../artifacts/published.js';
import { artifactNames, type ArtifactFiles, type ArtifactRole } from '../artifacts/table.js';
import type { BundleRecord } from '../bundles/record.js';
import { startsMachines, type ImageSpec } from '../config/image-spec.js';
import type { Artifact, LockedFrom } from '../contents/artifact.js';
import type { BootWay } from '../disk/boot-ways.js';
import { diskFormats } from '../disk/formats.js';
import type { System } from '../disk/system.js';
import type { GoldenResult } from '../golden/check.js';
import type { InstallerLocation } from '../install/virt-install.js';
import type { Hardware } from '../machine/virtual-machine.js';
import type { NodeRecord } from '../nodes/record.js';
import type { WantedPackages } from '../packages/use-lock.js';
import type { NetbootFile } from '../sources/netboot-files.js';
import type { LockedRepository } from './locked-repository.js';
import { nameForLibvirt } from './machine-names.js';
import { workDirectoryName } from './work-directories.js';

/** What is known about a build before it starts: enough to list every command that it will run. */
export interface Plan {
  readonly spec: ImageSpec;
  readonly paths: BuildPaths;
  /** The name of the domain that installs. */
  readonly domain: string;
  /** The name of the domain that boots the finished image. */
  readonly bootDomain: string;
  /** What the image is installed on, and boots on. */
  readonly hardware: Hardware;
  /** The time to write into the SBOM instead of that of the build, from SOURCE_DATE_EPOCH. Milliseconds since 1970. */
  readonly sourceDate: number | undefined;
  /** Whether a derived image is built on what its parent is now, or on the parent's last tree, however old. */
  readonly parents: 'fresh' | 'as they are';
  /** An image that is no disk is an archive of its files. */
  readonly result: 'disk' | 'tree';
  /** What an image without an installer is built of, or an installer installs from. */
  readonly packages?: WantedPackages | undefined;
}

/** Where the files of a build lie: its artifacts in the output directory, and what is only there until it ends. Absolute. */
export interface BuildPaths extends ArtifactFiles {
  readonly outputDir: string;
  /** The build's own files, until they are artifacts; removed when the build ends. In the output directory. */
  readonly workDir: string;
  /** Where the disk lies during the build: the work directory, or where QEMU may reach it. */
  readonly diskDir: string;
  readonly rawDisk: string;
  /** The volume with the answer file, for installers that look for one; where QEMU may reach it. */
  readonly seedVolume: string;
  /** The archive of `files`; where QEMU may reach it. */
  readonly filesVolume: string;
  /** The directory of the kernel and initrd that this build begins with; where QEMU may reach it. */
  readonly netbootFiles: string;
  /** The image before it gets its final name, where QEMU may reach it. */
  readonly candidate: string;
  /** What the boot test writes to its disk. */
  readonly bootOverlay: string;
  /** The variables of the firmware, of the machine that installs and of those that boot the image. */
  readonly nvram: string;
  readonly bootNvram: string;
  /** Where bundles are made, where QEMU may reach it. */
  readonly bundleDir: string;
  readonly lock: string;
}

/** libvirt's own directory for disks, which QEMU's user can reach on every machine (Debian: mode 0711). */
const libvirtImages = '/var/lib/libvirt/images';

/** Whether a build starts virtual machines. What is no disk boots nowhere. */
export function needsLibvirt({ spec, result }: Pick<Plan, 'spec' | 'result'>): boolean {
  return result === 'disk' && startsMachines(spec);
}

/** What the name of an archive ends with, by the word of `compression`; and how it is compressed. */
export const archives = {
  zstd: { extension: 'tar.zst', compression: 'zstd' },
  zlib: { extension: 'tar.gz', compression: 'gzip' },
  none: { extension: 'tar', compression: 'none' },
} as const satisfies Record<ImageSpec['compression'], unknown>;

/** @param diskPlace `output`: QEMU's user can search the output directory */
export function buildPaths(
  spec: ImageSpec,
  diskPlace: 'output' | 'libvirt',
  result: Plan['result'] = 'disk',
): BuildPaths {
  const { outputDir, baseName } = spec;
  const workDir = join(outputDir, workDirectoryName(baseName));
  const diskDir = diskPlace === 'output' ? workDir : join(libvirtImages, `${nameForLibvirt(baseName, workDir)}.build`);
  const extension = result === 'disk' ? diskFormats[spec.format].extension : archives[spec.compression].extension;
  const names = artifactNames(baseName, `${baseName}.${extension}`);
  const files = Object.fromEntries(Object.entries(names).map(([role, name]) => [role, join(outputDir, name)]));
  return {
    ...(files as Record<ArtifactRole, string>),
    outputDir,
    workDir,
    diskDir,
    // The name that a kept raw disk has in the end.
    rawDisk: join(diskDir, `${baseName}.raw`),
    seedVolume: join(diskDir, `${baseName}.seed.iso`),
    filesVolume: join(diskDir, `${baseName}.files.tar`),
    netbootFiles: join(diskDir, 'netboot'),
    candidate: join(diskDir, basename(names.image)),
    bootOverlay: join(diskDir, `${baseName}.boot.qcow2`),
    nvram: join(diskDir, `${baseName}.nvram`),
    bootNvram: join(diskDir, `${baseName}.boot.nvram`),
    bundleDir: join(diskDir, 'bundles'),
    lock: join(outputDir, `.${spec.name}.lock`),
  };
}

/** The artifacts that a section asks for in addition to the image and its checksum. */
export function wantedArtifacts({ sbom, manifest, provenance, signing }: ImageSpec): Wanted {
  return { sbom: sbom !== 'no', manifest, provenance, signing: signing?.by };
}

/** What stages leave for later ones. Plain data: it is written to the state file after each stage. */
export interface BuildState {
  /** `address:port` at which the guest reaches `http-directory`. */
  guestHost?: string;
  /** What the installer installs from, where it is not a mirror. */
  repository?: LockedRepository;
  /** The answer file as it is injected. */
  answerFile?: string;
  installer?: InstallerLocation;
  /** The tree of a derived image. */
  node?: NodeRecord;
  /** What the system was made of; without a file, the lock was made for this build alone. */
  packageLock?: LockedFrom & { readonly copy: string };
  /** What the installation begins with, and what vouched for it. */
  netbootFiles?: readonly NetbootFile[];
  /** The volumes of the installed system, and where it mounts them. */
  system?: System;
  /** What is found on the finished disk that machines from the image would share. */
  golden?: GoldenResult;
  /** What is on the disk for each firmware to start. */
  bootWays?: readonly BootWay[];
  /** The file that says what the installed system holds, in the work directory. */
  inventory?: string;
  /** The finished image. */
  image?: Artifact;
  /** What was made of the image for other platforms. */
  bundles?: readonly BundleRecord[];
  /** What was uploaded where: an id each. */
  uploaded?: readonly string[];
}
