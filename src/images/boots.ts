import type { ImageSpec } from '../config/image-spec.js';
import { diskDevices, usualDevices, type Devices } from '../machine/devices.js';
import { firmwareNames, type MachineFirmware } from '../machine/firmware.js';

/** A boot of the boot test. */
export interface Boot {
  readonly firmware: MachineFirmware;
  readonly devices: Devices;
  /** For people: `BIOS`, `UEFI from virtio-scsi`. */
  readonly title: string;
  /** What tells its files from those of the first boot, such as `uefi-scsi`; empty for the first. */
  readonly tag: string;
}

type Machine = Pick<Boot, 'firmware' | 'devices'>;

/** What boots of one image differ in, as it stands in the names of files. */
const differences: readonly ((machine: Machine) => string)[] = [
  ({ firmware }) => firmware.name,
  ({ devices }) => devices.type ?? '',
  ({ devices }) => devices.disk,
  ({ devices }) => devices.net,
];

/**
 * The boots of a boot test: as many as the longest list has words. The n-th takes the n-th word of each list, and a shorter
 * list begins again, so that each word is tried and not each pair of words. None is made twice.
 *
 * @param firmwares those that the image is to be started with, at least one
 */
export function bootsOf(
  asked: Pick<ImageSpec, 'bootTestDisk' | 'bootTestNet' | 'bootTestMachine'>,
  firmwares: readonly MachineFirmware[],
): readonly Boot[] {
  const { bootTestDisk: disks, bootTestNet: nets, bootTestMachine: types = [undefined] } = asked;
  const count = Math.max(...[firmwares, disks, nets, types].map((list) => list.length));
  const machines = Array.from({ length: count }, (_, index): Machine => {
    const firmware = nth(firmwares, index);
    // Secure Boot keeps its keys from the guest by what only its own machine has.
    const type = firmware.files?.usesSmm === true ? undefined : nth(types, index);
    return { firmware, devices: { disk: nth(disks, index), net: nth(nets, index), type } };
  });
  const [first] = machines;
  const varying = differences.filter((word) => machines.some((machine) => word(machine) !== word(first!)));
  const named = new Map<string, Machine>();
  for (const machine of machines) {
    const tag = varying.flatMap((word) => word(machine) || []).join('-');
    if (!named.has(tag)) named.set(tag, machine);
  }
  return [...named].map(([tag, machine], index) => ({
    ...machine,
    title: titleOf(machine),
    tag: index === 0 ? '' : tag,
  }));
}

/** The word of a list that begins again at its end. */
function nth<T>(list: readonly T[], index: number): T {
  return list[index % list.length]!;
}

/** The firmware, and what is not as on the machine of the installation. */
function titleOf({ firmware, devices: { disk, net, type } }: Machine): string {
  return [
    firmwareNames[firmware.name],
    ...(disk === usualDevices.disk ? [] : [`from ${diskDevices[disk].title}`]),
    ...(net === usualDevices.net ? [] : [`with ${net}`]),
    ...(type === undefined ? [] : [`on ${type}`]),
  ].join(' ');
}
