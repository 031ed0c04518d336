import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { architectures, type Architecture } from './architectures.js';

export type VirtType = 'kvm' | 'qemu';

export interface Acceleration {
  readonly virtType: VirtType;
  /** Why, as a sentence for log and `doctor`. */
  readonly reason: string;
}

/**
 * KVM if it can really run a guest, otherwise emulation in software.
 *
 * A device that opens is not enough: inside some virtual machines /dev/kvm answers and creates guests, and an ordinary
 * kernel then hangs at its first steps. On x86 the processor must have the extension itself.
 *
 * @param architecture that of the guest
 */
export async function detectAcceleration(
  architecture: Architecture,
  machine: { kvmDevice: string; cpuInfo: string; architecture: string } = {
    kvmDevice: '/dev/kvm',
    cpuInfo: '/proc/cpuinfo',
    architecture: process.arch,
  },
): Promise<Acceleration> {
  const software = (reason: string): Acceleration => ({ virtType: 'qemu', reason });
  if (machine.architecture !== architecture.nodeName) {
    return software(`this machine is of another architecture than ${architecture.name}`);
  }
  if (architecture.kvmFlag !== undefined) {
    const flags = /^flags\s*:(.*)$/m.exec(await readFile(machine.cpuInfo, 'utf8').catch(() => ''))?.[1] ?? '';
    if (!architecture.kvmFlag.pattern.test(flags)) {
      return software(
        `the processor shows ${architecture.kvmFlag.words} (virtualisation is off in the firmware, or this is a guest without nested virtualisation)`,
      );
    }
  }
  try {
    await access(machine.kvmDevice, constants.R_OK | constants.W_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
      ? software(`this user may not open ${machine.kvmDevice} (add the user to the group kvm: adduser $USER kvm)`)
      : software(`there is no ${machine.kvmDevice} (is the module kvm_intel or kvm_amd loaded?)`);
  }
  return { virtType: 'kvm', reason: `${machine.kvmDevice} is usable` };
}

/** The architecture of this machine; undefined for one without a record. */
export function builderArchitecture(): Architecture | undefined {
  return Object.values<Architecture>(architectures).find(({ nodeName }) => nodeName === process.arch);
}

/**
 * Whether /dev/kvm belongs to another group than `kvm`, as in a container that got it from a machine where that group has
 * another number. The QEMU of the system's libvirt runs as a member of `kvm`. It then can't open what the probing QEMU of
 * root can, libvirt takes what it knows of QEMU for outdated, and probes it for every question: up to two minutes for each
 * virtual machine.
 */
export async function kvmIsOfAnotherGroup(
  machine: { kvmDevice: string; groups: string } = { kvmDevice: '/dev/kvm', groups: '/etc/group' },
): Promise<boolean> {
  const device = await stat(machine.kvmDevice).catch(() => undefined);
  const group = /^kvm:[^:]*:(\d+):/m.exec(await readFile(machine.groups, 'utf8').catch(() => ''))?.[1];
  if (device === undefined || group === undefined) return false;
  const openToAll = (device.mode & 0o006) === 0o006;
  return !openToAll && device.gid !== Number(group);
}
