import type { ProgramName } from '../host/programs.js';
import { processorForQemu, type Architecture } from '../machine/architectures.js';
import type { VirtType } from '../machine/acceleration.js';
import { channelName } from './appliance.js';

/** The machine that a guest runs on. Plain data. */
export interface GuestMachine {
  readonly emulator: ProgramName;
  readonly machineType: string;
  readonly processor: string;
  /** For the kernel. */
  readonly arguments: string;
  readonly virtType: VirtType;
  readonly cores: number;
  /** Bytes. */
  readonly ram: number;
  /** How long the guest may take until it begins to work, in milliseconds. */
  readonly patience: number;
}

/** The least memory: node and its programs lie in it, and while they are unpacked twice. */
const leastMemory = 1024 * 2 ** 20;

/** Milliseconds that a guest may take to begin its work, unless a section says otherwise. */
export const usualPatience = 15 * 60_000;

/** What an image asks for of its machine, for a guest of ours. */
export function guestMachine(
  arch: Architecture,
  given: Pick<GuestMachine, 'virtType' | 'cores' | 'ram' | 'patience'>,
): GuestMachine {
  const isEmulated = given.virtType === 'qemu';
  return {
    ...given,
    ram: Math.max(given.ram, leastMemory),
    emulator: arch.emulator,
    machineType: arch.machineTypes.at(-1) ?? arch.machineTypes[0],
    processor: isEmulated ? processorForQemu(arch) : 'host',
    arguments: [
      ...(isEmulated ? [arch.emulatedKernelArguments] : []),
      // A kernel that can't go on restarts, which ends QEMU.
      `console=${arch.serialDevice} loglevel=4 panic=-1 oops=panic selinux=0`,
    ].join(' '),
  };
}

/** A disk of the guest, which knows it by its name. */
export interface GuestDisk {
  readonly name: string;
  readonly file: string;
  /** `kept`: what is written to it must survive a crash of this machine. */
  readonly mode: 'read-only' | 'writable' | 'kept';
}

/** The files that a guest starts with. */
export interface GuestFiles {
  readonly kernel: string;
  readonly initrd: string;
  /** What the serial console shows is written there. A plain name, in the directory where QEMU runs. */
  readonly console: string;
  readonly disks: readonly GuestDisk[];
}

/**
 * The arguments of QEMU for a guest that talks by QEMU's own standard input and output. It has no firmware's boot order,
 * no screen and no monitor; its network is QEMU's own, which needs no rights. What it writes need not survive a crash.
 */
export function emulatorArguments(machine: GuestMachine, { kernel, initrd, console, disks }: GuestFiles): string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-name', 'image-factory'],
    ...['-machine', `${machine.machineType},accel=${machine.virtType === 'kvm' ? 'kvm' : 'tcg'}`],
    ...['-cpu', machine.processor],
    ...['-smp', String(machine.cores), '-m', String(Math.floor(machine.ram / 2 ** 20))],
    ...['-kernel', kernel, '-initrd', initrd, '-append', machine.arguments],
    ...['-chardev', `file,id=console,path=${console}`, '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci', '-chardev', 'stdio,id=channel,signal=off'],
    ...['-device', `virtserialport,chardev=channel,name=${channelName}`],
    ...['-object', 'rng-builtin,id=entropy', '-device', 'virtio-rng-pci,rng=entropy'],
    ...['-netdev', 'user,id=network,ipv6=off', '-device', 'virtio-net-pci,netdev=network,romfile='],
    ...disks.flatMap(diskArguments),
  ];
}

function diskArguments({ name, file, mode }: GuestDisk): string[] {
  const isReadOnly = mode === 'read-only';
  const node = {
    ...{ driver: 'raw', 'node-name': name, 'read-only': isReadOnly, discard: 'unmap' },
    cache: { direct: false, 'no-flush': mode !== 'kept' },
    file: { driver: 'file', filename: file, 'read-only': isReadOnly, locking: 'off', discard: 'unmap' },
  };
  // A builder whose own disk is full must be told, and not a guest that waits for room.
  return [
    ...['-blockdev', JSON.stringify(node)],
    ...['-device', `virtio-blk-pci,drive=${name},serial=${name},werror=report,rerror=report`],
  ];
}
