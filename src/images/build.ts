import { basename, join } from 'node:path';
import type { ImageSpec } from '../config/image-spec.js';
import type { Artifact } from '../contents/artifact.js';
import type { FileSystemVolume } from '../disk/root-file-system.js';
import type { Host } from '../host/host.js';
import type { KnownSecrets } from '../host/known-secrets.js';
import type { ProgramName } from '../host/programs.js';
import type { VirtType } from '../machine/acceleration.js';
import type { NetbootFile } from '../sources/netboot-files.js';
import type { InstallerLocation } from '../install/virt-install.js';
import { nameForLibvirt, poolName } from './machine-names.js';

/** Where the files of a build lie. All paths are absolute. */
export interface BuildPaths {
  readonly outputDir: string;
  /** The build's own files, until they are artifacts; removed when the build ends. In the output directory. */
  readonly workDir: string;
  /** Where the disk lies during the build: the work directory, or where QEMU may reach it. */
  readonly diskDir: string;
  readonly rawDisk: string;
  /** The volume with the answer file, for installers that look for one; where QEMU may reach it. */
  readonly seedVolume: string;
  readonly consoleLog: string;
  /** The image and its checksum before they get their final names, where QEMU may reach them. */
  readonly candidate: string;
  /** What the boot test writes to its disk. */
  readonly bootOverlay: string;
  readonly bootLog: string;
  readonly bootScreenshot: string;
  /** What happened, as JSON. */
  readonly events: string;
  /** The finished image. */
  readonly image: string;
  readonly checksum: string;
  /** The name of an image that failed its boot test: one that no `*.qcow2` or `*.raw` takes for an image. */
  readonly unproven: string;
  readonly manifest: string;
  readonly sbom: string;
  readonly provenance: string;
  /** The sums of all artifacts, in the format of sha256sum. */
  readonly sums: string;
  readonly lock: string;
}

/** libvirt's own directory for disks, which QEMU's user can reach on every machine (Debian: mode 0711). */
const libvirtImages = '/var/lib/libvirt/images';

/** @param qemuReachesOutput whether the user that QEMU runs as can search the output directory */
export function buildPaths(spec: ImageSpec, qemuReachesOutput: boolean): BuildPaths {
  const { outputDir, baseName } = spec;
  const workDir = join(outputDir, workDirectoryName(baseName));
  const diskDir = qemuReachesOutput ? workDir : join(libvirtImages, `${nameForLibvirt(baseName, workDir)}.build`);
  const image = join(outputDir, `${baseName}.${spec.format}`);
  return {
    outputDir,
    workDir,
    diskDir,
    // The name that a kept raw disk has in the end.
    rawDisk: join(diskDir, `${baseName}.raw`),
    seedVolume: join(diskDir, `${baseName}.seed.iso`),
    consoleLog: join(outputDir, `${baseName}.console.log`),
    candidate: join(diskDir, basename(image)),
    bootOverlay: join(diskDir, `${baseName}.boot.qcow2`),
    bootLog: join(outputDir, `${baseName}.boot.log`),
    bootScreenshot: join(outputDir, `${baseName}.boot.png`),
    events: join(outputDir, `${baseName}.events.jsonl`),
    image,
    checksum: `${image}.sha256sum`,
    unproven: `${image}.unproven`,
    manifest: join(outputDir, `${baseName}.manifest.json`),
    sbom: join(outputDir, `${baseName}.cdx.json`),
    provenance: join(outputDir, `${baseName}.provenance.json`),
    sums: join(outputDir, `${baseName}.SHA256SUMS`),
    lock: join(outputDir, `.${spec.name}.lock`),
  };
}

export function workDirectoryName(baseName: string): string {
  return `.${poolName(baseName)}.build`;
}

/** What is known of a build before anything is done: enough to say every command that it will run. */
export interface Plan {
  readonly spec: ImageSpec;
  readonly paths: BuildPaths;
  /** The name of the domain that installs. */
  readonly domain: string;
  /** The name of the domain that boots the finished image. */
  readonly bootDomain: string;
  readonly virtType: VirtType;
  /** The time to write into documents instead of that of the build, from SOURCE_DATE_EPOCH. Milliseconds since 1970. */
  readonly sourceDate: number | undefined;
}

/** What stages leave for later ones. Plain data: it is written to the state file after each stage. */
export interface BuildState {
  /** `address:port` at which the guest reaches `http-directory`. */
  guestHost?: string;
  /** The answer file as it is injected. */
  answerFile?: string;
  installer?: InstallerLocation;
  /** What the installation begins with, and what vouched for it. */
  netbootFiles?: readonly NetbootFile[];
  rootFileSystem?: FileSystemVolume;
  /** The file that says what the installed system holds, in the work directory. */
  inventory?: string;
  /** The finished image. */
  image?: Artifact;
  /** When the build began: ISO 8601, UTC. */
  begun?: string;
  /** The stages that have ended, in order. */
  timings?: StageTiming[];
  /** The programs that its stages call. */
  programs?: ProgramName[];
}

export interface StageTiming {
  readonly name: string;
  readonly seconds: number;
}

/** One run for one image. */
export interface Build extends Plan, Host {
  readonly state: BuildState;
  /** What must be taken out of every file that others write; stages add what they learn. */
  readonly secrets: KnownSecrets;
}

/** What an earlier stage must have left: a stage that asks for it stands behind that stage in the list. */
export function left<Key extends keyof BuildState>(build: Build, key: Key): NonNullable<BuildState[Key]> {
  const value = build.state[key];
  if (value === undefined) throw new Error(`no stage has left '${key}' yet`);
  return value;
}
