import type { BundleDemand } from '../config/bundle-formats.js';
import type { BundleTarget } from '../config/bundle-target.js';
import type { SystemFacts } from './facts.js';

/** What a system lacks that does not meet a demand, and what helps. */
const lacking: Readonly<Record<BundleDemand, { readonly what: string; readonly hint: string }>> = {
  bios: { what: 'nothing on the disk starts by BIOS', hint: 'Build it with layout = hybrid or bios.' },
  uefi: {
    what: 'nothing on the disk starts by UEFI: no EFI system partition with EFI/BOOT/BOOT*.EFI',
    hint: 'Build it with layout = hybrid or uefi.',
  },
  gpt: { what: 'its partition table is no GPT', hint: 'Build it with layout = hybrid or uefi.' },
  kernel: { what: 'there is no kernel in /boot', hint: 'Install one, such as linux-image-amd64.' },
  ext: { what: 'its root file system is neither ext3 nor ext4', hint: 'Choose a layout with ext4.' },
  'cloud-init': { what: 'cloud-init is not installed', hint: 'Add it to packages.' },
  ssh: { what: 'no SSH server is installed', hint: 'Add openssh-server to packages.' },
  'vagrant-user': {
    what: "there is no user 'vagrant'",
    hint: "Make one with vagrant's public key, who may use sudo without a password.",
  },
  'serial-console': {
    what: 'no boot loader names a serial console',
    hint: 'Add console= with the name of a serial port to the kernel arguments.',
  },
};

/** Demands that only disks can meet. */
const ofDisks: readonly BundleDemand[] = ['bios', 'uefi', 'gpt', 'ext'];

/** What is wrong with a system for some targets. */
export interface Judgement {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Judges a system by what targets need, and what they want. */
export function judge(targets: readonly BundleTarget[], { has }: SystemFacts, kind: 'disk' | 'tree'): Judgement {
  const told = (list: 'needs' | 'wants') =>
    targets.flatMap((target) =>
      target[list]
        .filter((demand) => !has.has(demand) && (kind === 'disk' || !ofDisks.includes(demand)))
        .map((demand) => {
          const { what, hint } = lacking[demand];
          return `the target '${target.name}' ${list} '${demand}', but ${what}. ${hint}`;
        }),
    );
  return { errors: told('needs'), warnings: told('wants') };
}

/** Whether a target asks anything of the system. */
export function asksOfSystem({ needs, wants, fileName, format, sidecar }: BundleTarget): boolean {
  const describes = ['ova', 'vagrant', 'xen', 'incus', 'lxc'].includes(format);
  return needs.length + wants.length > 0 || fileName !== undefined || sidecar !== undefined || describes;
}
