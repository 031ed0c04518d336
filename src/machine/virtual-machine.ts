import { Failure } from '../host/failure.js';
import type { VirtType } from './acceleration.js';
import type { Architecture, Firmware } from './architectures.js';

/** What an image is installed on, and boots on to prove itself: twice the same. */
export interface Hardware {
  readonly architecture: Architecture;
  readonly firmware: Firmware;
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
  const { architecture, firmware, virtType, cores, ram, mac } = machine.hardware;
  return [
    ...['--connect', machine.connect],
    ...['--virt-type', virtType],
    // virt-install takes the builder's own where it is told none.
    ...(architecture.nodeName === process.arch ? [] : ['--arch', architecture.name]),
    ...(firmware === architecture.firmwares[0] ? [] : ['--boot', firmware]),
    // virt-install 4 refuses to start without a word on the distribution.
    ...['--osinfo', machine.osinfo],
    ...['--name', machine.domain],
    ...['--vcpus', String(cores)],
    ...['--memory', String(Math.floor(ram / 2 ** 20))],
    ...(virtType === 'qemu' ? ['--cpu', architecture.emulatedProcessor] : []),
    ...['--network', `user,model=virtio${mac === undefined ? '' : `,mac=${mac}`}`],
    // Without a source of entropy, a guest without clock jitter (software emulation) waits for its first keys.
    ...['--rng', 'builtin'],
    ...['--serial', `pty,log.file=${fileOfDomain(machine.consoleLog)},log.append=off`],
    ...['--console', 'pty,target_type=serial'],
    '--noautoconsole',
  ];
}

/**
 * A disk of the machine, for virt-install. No flushes: the disk of a build that dies is thrown away. discard lets the
 * guest's mkfs punch holes.
 *
 * @throws Failure for the name of a disk that virt-install can't use
 */
export function diskArgument(file: string, format: 'raw' | 'qcow2'): string {
  return `path=${fileOfDomain(file)},bus=virtio,format=${format},cache=unsafe,discard=unmap`;
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
