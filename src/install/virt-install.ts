import { deliveries } from '../answers/delivery.js';
import { filesSerial } from '../answers/files-volume.js';
import type { AnswerFileKind, ImageSpec } from '../config/image-spec.js';
import { Failure } from '../host/failure.js';
import { command, type Command } from '../host/host.js';
import { libvirtEnvironment } from '../machine/libvirt.js';
import {
  diskArguments,
  fileOfDomain,
  machineArguments,
  subOption,
  withoutAgentChannel,
  type Hardware,
  type Machine,
} from '../machine/virtual-machine.js';

export interface Installation {
  readonly machine: Machine;
  readonly spec: Pick<ImageSpec, 'append' | 'vnc'> & {
    readonly origin: { readonly answerFile: { readonly kind: AnswerFileKind } };
  };
  readonly disk: string;
  /** Kernel and initrd in one directory, or a medium. */
  readonly location: InstallerLocation;
  /** The answer file on the builder; the installer finds it under its last name. */
  readonly answerFile: string;
  /** Further files for the root directory of the initrd. */
  readonly injected?: readonly string[];
  /** The volume that holds the answer file, for installers that do not look for it in their initrd. */
  readonly seedVolume?: string;
  /** The archive of files to copy into the installed system. */
  readonly filesVolume?: string;
  /** Where virt-install may keep kernel and initrd while the domain starts. */
  readonly scratchDirectory: string;
}

export type InstallerLocation =
  | { readonly kind: 'netboot'; readonly directory: string; readonly linux: string; readonly initrd: string }
  | {
      readonly kind: 'medium';
      readonly file: string;
      /** Where kernel and initrd lie in the medium; undefined: virt-install knows, or not. */
      readonly boot?: { readonly linux: string; readonly initrd: string };
    };

/** A proxy that is not set. Agama (proxy_setup.rb) and linuxrc (file.c) take it for one without an address. */
const emptyProxy = /(?<!\S)proxy=(?!\S)\s*/g;

export function kernelArguments(
  kind: AnswerFileKind,
  answerFileName: string,
  append: string,
  { virtType, architecture }: Pick<Hardware, 'virtType' | 'architecture'>,
): string {
  const delivery = deliveries[kind];
  return [
    ...delivery.arguments(answerFileName),
    ...(virtType === 'qemu' && !delivery.argumentsStay ? [architecture.emulatedKernelArguments] : []),
    append.replace(emptyProxy, '').trim(),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/**
 * The call of virt-install that runs a whole installation and returns when the guest has powered off.
 *
 * @throws Failure for the name of a disk or console log that virt-install can't use
 */
export function virtInstallCommand(installation: Installation): Command {
  const { spec, machine, location } = installation;
  const answerFileName = installation.answerFile.replace(/.*\//, '');
  return command(
    'virt-install',
    [
      ...machineArguments(machine),
      '--noreboot',
      ...['--wait', '-1'],
      ...diskArguments(installation.disk, 'raw', machine.hardware.devices.disk),
      ...withoutAgentChannel(machine),
      ...['--graphics', graphics(spec.vnc)],
      ...['--location', locationOption(location)],
      ...['--extra-args', kernelArguments(spec.origin.answerFile.kind, answerFileName, spec.append, machine.hardware)],
      ...answerFileOptions(installation),
      ...(installation.injected ?? []).flatMap((file) => ['--initrd-inject', file]),
      ...filesOptions(installation),
    ],
    // In session mode virt-install copies kernel and initrd below its cache directory; ours is removed in any case.
    { env: { ...libvirtEnvironment(), XDG_CACHE_HOME: installation.scratchDirectory } },
  );
}

function answerFileOptions({ spec, answerFile, seedVolume }: Installation): string[] {
  if (deliveries[spec.origin.answerFile.kind].on === 'initrd') return ['--initrd-inject', answerFile];
  if (seedVolume === undefined) throw new Failure(`there is no seed volume for the answer file ${answerFile}`);
  return ['--disk', `path=${fileOfDomain(seedVolume)},bus=virtio,format=raw,readonly=on`];
}

function filesOptions({ filesVolume }: Installation): string[] {
  if (filesVolume === undefined) return [];
  return ['--disk', `path=${fileOfDomain(filesVolume)},bus=virtio,format=raw,readonly=on,serial=${filesSerial}`];
}

function graphics(vnc: ImageSpec['vnc']): string {
  if (vnc === undefined) return 'none';
  return `vnc,port=${vnc.port}${vnc.listen === '' ? '' : `,listen=${vnc.listen}`}`;
}

function locationOption(location: InstallerLocation): string {
  if (location.kind === 'netboot') return bootedFrom(location.directory, location);
  return location.boot === undefined ? subOption(location.file) : bootedFrom(location.file, location.boot);
}

function bootedFrom(from: string, { linux, initrd }: { readonly linux: string; readonly initrd: string }): string {
  return `${subOption(from)},kernel=${subOption(linux)},initrd=${subOption(initrd)}`;
}
