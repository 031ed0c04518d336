import { Failure } from '../host/failure.js';
import { command, type Command } from '../host/host.js';
import type { VirtType } from './acceleration.js';
import type { Architecture } from './architectures.js';
import { diskDevices, type Devices, type DiskDevice, type DiskName } from './devices.js';
import type { FirmwareFiles, MachineFirmware } from './firmware.js';

/** What an image is installed on, or boots on to prove itself. */
export interface Hardware {
  readonly architecture: Architecture;
  readonly firmware: MachineFirmware;
  readonly devices: Devices;
  readonly virtType: VirtType;
  readonly cores: number;
  /** Memory, in bytes. */
  readonly ram: number;
  readonly mac: string | undefined;
}

/** A virtual machine. */
export interface Machine {
  readonly hardware: Hardware;
  readonly connect: string;
  /** What virt-install is told of the distribution. */
  readonly osinfo: string;
  /** The domain's name. */
  readonly domain: string;
  /** Where the serial console is logged. */
  readonly consoleLog: string;
  /** Its own copy of the firmware's variables, where QEMU must be able to write; for firmwares with files. */
  readonly nvram: string;
}

/**
 * How long virt-install may take to end after Ctrl-C, in milliseconds. It does not hear it while libvirt starts the
 * domain, and if it were killed at that moment, libvirt would start a domain that no build knows of.
 */
export const startPatience = 180_000;

/**
 * The arguments of virt-install that describe the machine, without its disk and its screen.
 *
 * @throws Failure for the name of a console log that virt-install can't use
 */
export function machineArguments(machine: Machine): string[] {
  const { architecture, firmware, devices, virtType, cores, ram, mac } = machine.hardware;
  const type = devices.type ?? firmware.machineType;
  return [
    ...['--connect', machine.connect],
    ...['--virt-type', virtType],
    ...['--arch', architecture.name],
    ...(type === undefined ? [] : ['--machine', type]),
    ...(firmware.files === undefined ? [] : flashArguments(firmware.files, machine.nvram)),
    // virt-install 4 refuses to start without a word on the distribution.
    ...['--osinfo', machine.osinfo],
    ...['--name', machine.domain],
    ...['--vcpus', String(cores)],
    ...['--memory', String(Math.floor(ram / 2 ** 20))],
    ...(virtType === 'qemu' && architecture.emulatedProcessor !== undefined
      ? ['--cpu', architecture.emulatedProcessor]
      : []),
    ...['--network', `user,model=${devices.net}${mac === undefined ? '' : `,mac=${mac}`}`],
    // Without a source of entropy, a guest without clock jitter (software emulation) waits for its first keys.
    ...['--rng', 'builtin'],
    ...['--serial', `pty,log.file=${fileOfDomain(machine.consoleLog)},log.append=off`],
    ...['--console', 'pty,target_type=serial'],
    '--noautoconsole',
  ];
}

/**
 * Keeps virt-install from adding a channel for qemu-guest-agent, as it does unasked for machines that are no PCs. In session
 * mode the channel's socket lies deep in the home directory, and can be too deep.
 */
export function withoutAgentChannel({ hardware }: Machine): string[] {
  return hardware.architecture.name === 'x86_64' ? [] : ['--channel', 'none'];
}

/** The firmware as two flash memories: code that all share, and variables of the machine's own. */
function flashArguments({ code, usesSmm }: FirmwareFiles, nvram: string): string[] {
  const boot = `loader=${fileOfDomain(code)},loader.readonly=yes,loader.type=pflash,nvram=${fileOfDomain(nvram)}`;
  return usesSmm ? ['--boot', `${boot},loader.secure=yes`, '--features', 'smm.state=on'] : ['--boot', boot];
}

/** What makes the machine's own variables, for firmwares with files: as they leave the factory. */
export function nvramCommands({ hardware: { firmware }, nvram }: Pick<Machine, 'hardware' | 'nvram'>): Command[] {
  const { files } = firmware;
  // AAVMF's are 64 MiB of zeros.
  return files === undefined ? [] : [command('cp', ['--sparse=always', '--no-preserve=mode', files.variables, nvram])];
}

/**
 * The disk of the machine, for virt-install. No flushes: the disk of a build that dies is thrown away. discard lets the
 * guest's mkfs punch holes.
 *
 * @throws Failure for the name of a disk that virt-install can't use
 */
export function diskArguments(file: string, format: 'raw' | 'qcow2', name: DiskName): string[] {
  const { bus, controller, instead }: DiskDevice = diskDevices[name];
  const disk = `path=${fileOfDomain(file)},bus=${bus},format=${format},cache=unsafe,discard=unmap`;
  return [
    ...(controller === undefined ? [] : ['--controller', `type=scsi,model=${controller}`]),
    ...(instead === undefined
      ? ['--disk', disk]
      : ['--disk', `${disk},serial=${serial},alias.name=${alias}`, ...takesPlaceOf(alias, instead)]),
  ];
}

/** A name that libvirt lets others give (Domain XML format, "Devices"). */
const alias = 'ua-disk';

/** QEMU's device nvme asks for one. */
const serial = 'image-factory';

/**
 * Gives QEMU another device than the one that libvirt makes of the description (libvirt's QEMU driver, "Overriding
 * properties of QEMU devices", since 8.2). It keeps what else was said of it: what it reads, and its turn to boot.
 */
function takesPlaceOf(device: string, driver: string): string[] {
  const at = './qemu:override/qemu:device';
  const property = `${at}/qemu:frontend/qemu:property`;
  const set = [
    [`${at}/@alias`, device],
    [`${property}/@name`, 'driver'],
    [`${property}/@type`, 'string'],
    [`${property}/@value`, driver],
  ];
  return set.flatMap(([path = '', value = '']) => ['--xml', `${path}=${value}`]);
}

/**
 * The name of a file in an attribute of the domain's description, where virt-install (4.1) escapes for XML what libxml2
 * then escapes again: `&` arrives as `&amp;`.
 */
export function fileOfDomain(file: string): string {
  const found = /[&<>"']/.exec(file)?.[0];
  if (found !== undefined) {
    throw new Failure(
      `virt-install can't use the file ${file}: it can't handle the character ${found} in a file name`,
      {
        hint: 'Choose an output directory and an image name without the characters & < > " \'.',
      },
    );
  }
  return subOption(file);
}

/** virt-install splits sub-options at commas, by the quoting rules of a shell. */
export function subOption(value: string): string {
  return value.replace(/[\\"',]/g, '\\$&');
}
