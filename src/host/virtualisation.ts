import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';

export type VirtType = 'kvm' | 'qemu';

export interface Acceleration {
  readonly virtType: VirtType;
  /** Why, as a sentence for log and `doctor`. */
  readonly reason: string;
}

/**
 * KVM where it can really run a guest, otherwise emulation in software.
 *
 * A device that opens is not enough: inside some virtual machines /dev/kvm answers and creates guests, and an ordinary
 * kernel then hangs at its first steps. On x86 the processor must have the extension itself.
 */
export async function detectAcceleration(
  machine: { kvmDevice: string; cpuInfo: string; architecture: string } = {
    kvmDevice: '/dev/kvm',
    cpuInfo: '/proc/cpuinfo',
    architecture: process.arch,
  },
): Promise<Acceleration> {
  const software = (reason: string): Acceleration => ({ virtType: 'qemu', reason });
  if (machine.architecture === 'x64' || machine.architecture === 'ia32') {
    const flags = /^flags\s*:(.*)$/m.exec(await readFile(machine.cpuInfo, 'utf8').catch(() => ''))?.[1] ?? '';
    if (!/\s(vmx|svm)(\s|$)/.test(flags)) {
      return software(
        'the processor shows neither vmx nor svm (virtualisation is off in the firmware, or this is a guest without nested virtualisation)',
      );
    }
  }
  try {
    await access(machine.kvmDevice, constants.R_OK | constants.W_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
      ? software(`${machine.kvmDevice} is not open to this user (add the user to the group kvm: adduser $USER kvm)`)
      : software(`there is no ${machine.kvmDevice} (is the module kvm_intel or kvm_amd loaded?)`);
  }
  return { virtType: 'kvm', reason: `${machine.kvmDevice} is usable` };
}
