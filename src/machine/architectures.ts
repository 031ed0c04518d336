import type { ProgramName } from '../host/programs.js';

/** How a machine starts what is on its disk. */
export type Firmware = 'bios' | 'uefi';

/** A screen in text mode, as it lies in the machine's memory: two bytes for each character. */
export interface TextScreen {
  /** As QEMU's monitor takes it. */
  readonly address: string;
  /** Characters in all, with those that scrolled by. */
  readonly cells: number;
  readonly columns: number;
}

/** What a machine of one architecture is like, and what others call it. */
export interface Architecture {
  /** As uname(1), QEMU, libvirt and rpm call it. */
  readonly name: string;
  /** As Debian and its kin call it, also in the paths of their netboot files (`installer-amd64`). */
  readonly debianName: string;
  /** As `process.arch` calls it on a machine that can run its guests by KVM. */
  readonly nodeName: NodeJS.Architecture;
  /** QEMU for it. */
  readonly emulator: ProgramName;
  /** The processor where QEMU emulates it, for `--cpu` of virt-install. */
  readonly emulatedProcessor: string;
  /** A flag that the builder's processor must have for KVM, in /proc/cpuinfo. */
  readonly kvmFlag: { readonly pattern: RegExp; readonly words: string } | undefined;
  /** Linux's name of the first serial port. */
  readonly serialDevice: string;
  /** The usual one first. */
  readonly firmwares: readonly [Firmware, ...Firmware[]];
  /** What firmware and boot loaders write to where there is no serial console. */
  readonly textScreen: TextScreen | undefined;
  /** The GPT type of its root partition (UAPI Group's Discoverable Partitions Specification). */
  readonly rootPartitionType: string;
}

export const architectures = {
  x86_64: {
    name: 'x86_64',
    debianName: 'amd64',
    nodeName: 'x64',
    emulator: 'qemu-system-x86_64',
    // QEMU's default processor is older than what RHEL 9 and its kin need. With ERMS, kernel and libc copy and clear memory
    // by `rep movsb` and `rep stosb`, which QEMU emulates byte by byte.
    emulatedProcessor: 'mode=maximum,disable=erms',
    kvmFlag: { pattern: /\s(vmx|svm)(\s|$)/, words: 'neither vmx nor svm' },
    serialDevice: 'ttyS0',
    firmwares: ['bios', 'uefi'],
    textScreen: { address: '0xb8000', cells: 16 * 1024, columns: 80 },
    rootPartitionType: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  },
} as const satisfies Readonly<Record<string, Architecture>>;

export type ArchitectureName = keyof typeof architectures;

/** What images are built for where nothing else is asked for. */
export const defaultArchitecture: Architecture = architectures.x86_64;
