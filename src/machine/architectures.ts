import type { ProgramName } from '../host/programs.js';
import { textMode, type Firmware, type MachineFirmware } from './firmware.js';

/** What a machine of one architecture is like, and what others call it. */
export interface Architecture {
  /** As uname(1), libvirt and rpm call it. */
  readonly name: string;
  /** As Debian and its kin call it, also in the paths of their netboot files (`installer-amd64`). */
  readonly debianName: string;
  /** As `process.arch` calls it on a machine that can run its guests by KVM. */
  readonly nodeName: NodeJS.Architecture;
  /** QEMU for it. */
  readonly emulator: ProgramName;
  /** QEMU that runs single programs of it on a machine of another architecture. */
  readonly programEmulator: ProgramName;
  /** `e_machine` of its programs (elf(5)). */
  readonly elfMachine: number;
  /** The processor where QEMU emulates it, for `--cpu` of virt-install; undefined for the one that virt-install chooses. */
  readonly emulatedProcessor: string | undefined;
  /** Arguments for an installer's kernel where QEMU emulates the machine (The kernel's command-line parameters). */
  readonly emulatedKernelArguments: string;
  /** A flag that the builder's processor must have for KVM, in /proc/cpuinfo. */
  readonly kvmFlag: { readonly pattern: RegExp; readonly words: string } | undefined;
  /** Linux's name of the first serial port. */
  readonly serialDevice: string;
  /** The graphics card of a boot test, for `--video` of virt-install. */
  readonly video: 'vga' | 'virtio';
  /** QEMU's machines on which an image may boot, without their versions. */
  readonly machineTypes: readonly [string, ...string[]];
  /** The usual one first. */
  readonly firmwares: readonly [MachineFirmware, ...MachineFirmware[]];
  /** The GPT type of its root partition (UAPI Group's Discoverable Partitions Specification). */
  readonly rootPartitionType: string;
  /** The boot loader that UEFI starts from a disk without a boot entry (UEFI Specification 2.10, 3.5.1.1). */
  readonly removableLoader: string | undefined;
  /** Where distributions put what they make for it, for `${…}` in sections. */
  readonly places: Readonly<Record<Place, string>>;
  /** Whether an image of it was installed and booted for real. */
  readonly isTested: boolean;
}

/** References that differ between architectures beside its names: mirrors, and the shipped layout. */
export type Place =
  | 'ubuntu-host'
  | 'ubuntu-security-host'
  | 'ubuntu-directory'
  | 'ubuntu-media'
  | 'ubuntu-release-directory'
  | 'layout'
  | 'suse-boot-directory'
  | 'tumbleweed-directory';

/**
 * https://help.ubuntu.com/community/SourcesList and https://cdimage.ubuntu.com/releases/: what is not of amd64 is among
 * the ports. openSUSE, https://en.opensuse.org/Portal:Arm: kernel and initrd lie in boot/ARCHITECTURE, and Tumbleweed is
 * among the ports.
 */
function portOf(name: string): Readonly<Record<Place, string>> {
  return {
    'ubuntu-host': 'ports.ubuntu.com',
    'ubuntu-security-host': 'ports.ubuntu.com',
    'ubuntu-directory': '/ubuntu-ports',
    'ubuntu-media': 'https://cdimage.ubuntu.com/releases',
    'ubuntu-release-directory': '/release',
    // There is no BIOS for it.
    layout: 'uefi',
    'suse-boot-directory': `boot/${name}`,
    'tumbleweed-directory': `/ports/${name}/tumbleweed`,
  };
}

const pc: Readonly<Record<Place, string>> = {
  'ubuntu-host': 'archive.ubuntu.com',
  'ubuntu-security-host': 'security.ubuntu.com',
  'ubuntu-directory': '/ubuntu',
  'ubuntu-media': 'https://releases.ubuntu.com',
  'ubuntu-release-directory': '',
  layout: 'hybrid',
  'suse-boot-directory': 'boot/x86_64/loader',
  'tumbleweed-directory': '/tumbleweed',
};

/**
 * Programs and libraries at the same addresses in each process. Emulation in software translates code for the address
 * where it is, so that a library at random addresses is translated again for each process, and installers start
 * thousands: without it, an installation takes half as long again and more.
 */
const sameAddresses = 'norandmaps';

/** Every architecture, by its name. */
export const architectures = {
  x86_64: {
    name: 'x86_64',
    debianName: 'amd64',
    nodeName: 'x64',
    emulator: 'qemu-system-x86_64',
    programEmulator: 'qemu-x86_64-static',
    elfMachine: 62,
    // QEMU's default processor is older than what RHEL 9 and its kin need. With ERMS, kernel and libc copy and clear memory
    // by `rep movsb` and `rep stosb`, which QEMU emulates byte by byte.
    emulatedProcessor: 'mode=maximum,disable=erms',
    // On a busy builder an emulated timer is so late that the kernel takes it for broken, and panics ("IO-APIC + timer
    // doesn't work!").
    emulatedKernelArguments: `${sameAddresses} no_timer_check`,
    kvmFlag: { pattern: /\s(vmx|svm)(\s|$)/, words: 'neither vmx nor svm' },
    serialDevice: 'ttyS0',
    video: 'vga',
    machineTypes: ['pc', 'q35'],
    firmwares: [
      { name: 'bios', machineType: undefined, files: undefined, textScreen: textMode },
      {
        name: 'uefi',
        machineType: 'q35',
        files: {
          package: 'ovmf',
          code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
          variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
          usesSmm: false,
        },
        textScreen: undefined,
      },
      {
        name: 'uefi-secure',
        machineType: 'q35',
        files: {
          package: 'ovmf',
          code: '/usr/share/OVMF/OVMF_CODE_4M.ms.fd',
          variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
          usesSmm: true,
        },
        textScreen: undefined,
      },
    ],
    rootPartitionType: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
    removableLoader: 'BOOTX64.EFI',
    places: pc,
    isTested: true,
  },
  aarch64: {
    name: 'aarch64',
    debianName: 'arm64',
    nodeName: 'arm64',
    emulator: 'qemu-system-aarch64',
    programEmulator: 'qemu-aarch64-static',
    elfMachine: 183,
    // All that QEMU can do includes pointer authentication, whose cipher takes nearly half of the emulator's time, and which
    // libvirt can't switch off. This one is as servers are, and without.
    emulatedProcessor: 'neoverse-n1',
    emulatedKernelArguments: sameAddresses,
    kvmFlag: undefined,
    serialDevice: 'ttyAMA0',
    video: 'virtio',
    machineTypes: ['virt'],
    firmwares: [
      {
        name: 'uefi',
        machineType: 'virt',
        files: {
          package: 'qemu-efi-aarch64',
          code: '/usr/share/AAVMF/AAVMF_CODE.fd',
          variables: '/usr/share/AAVMF/AAVMF_VARS.fd',
          usesSmm: false,
        },
        textScreen: undefined,
      },
      {
        name: 'uefi-secure',
        machineType: 'virt',
        files: {
          package: 'qemu-efi-aarch64',
          code: '/usr/share/AAVMF/AAVMF_CODE.ms.fd',
          variables: '/usr/share/AAVMF/AAVMF_VARS.ms.fd',
          usesSmm: false,
        },
        textScreen: undefined,
      },
    ],
    rootPartitionType: 'b921b045-1df0-41c3-af44-4c6f280d3fae',
    removableLoader: 'BOOTAA64.EFI',
    places: portOf('aarch64'),
    isTested: true,
  },
  riscv64: {
    name: 'riscv64',
    debianName: 'riscv64',
    nodeName: 'riscv64',
    emulator: 'qemu-system-riscv64',
    programEmulator: 'qemu-riscv64-static',
    elfMachine: 243,
    emulatedProcessor: undefined,
    emulatedKernelArguments: sameAddresses,
    kvmFlag: undefined,
    serialDevice: 'ttyS0',
    video: 'virtio',
    machineTypes: ['virt'],
    firmwares: [
      {
        name: 'uefi',
        machineType: 'virt',
        files: {
          package: 'qemu-efi-riscv64',
          code: '/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd',
          variables: '/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd',
          usesSmm: false,
        },
        textScreen: undefined,
      },
    ],
    rootPartitionType: '72ec70a6-cf74-40e6-bd49-4bda08e8f224',
    removableLoader: 'BOOTRISCV64.EFI',
    places: portOf('riscv64'),
    isTested: false,
  },
  ppc64le: {
    name: 'ppc64le',
    debianName: 'ppc64el',
    nodeName: 'ppc64',
    emulator: 'qemu-system-ppc64',
    programEmulator: 'qemu-ppc64le-static',
    elfMachine: 21,
    emulatedProcessor: undefined,
    emulatedKernelArguments: sameAddresses,
    kvmFlag: undefined,
    serialDevice: 'hvc0',
    video: 'vga',
    machineTypes: ['pseries'],
    firmwares: [{ name: 'built-in', machineType: 'pseries', files: undefined, textScreen: undefined }],
    rootPartitionType: 'c31c45e6-3f39-412e-80fb-4809c4980599',
    removableLoader: undefined,
    places: portOf('ppc64le'),
    isTested: false,
  },
} as const satisfies Readonly<Record<string, Architecture>>;

/** The emulated processor in QEMU's own notation: `max,-erms` for virt-install's `mode=maximum,disable=erms`. */
export function processorForQemu({ emulatedProcessor = 'mode=maximum' }: Architecture): string {
  return emulatedProcessor
    .split(',')
    .map((word) => word.replace(/^mode=maximum$/, 'max').replace(/^disable=/, '-'))
    .join(',');
}

/** What images are built for where nothing else is asked for, whatever the builder is. */
export const defaultArchitecture: Architecture = architectures.x86_64;

/** By what the field calls it: `arm64`, `aarch64`. */
export function architectureNamed(word: string): Architecture | undefined {
  return Object.values<Architecture>(architectures).find(
    ({ name, debianName }) => word === name || word === debianName,
  );
}

/** The words of all architectures: Debian's, and the kernel's where it differs. */
export function architectureWords(): string[] {
  return Object.values<Architecture>(architectures).flatMap(({ name, debianName }) => [...new Set([debianName, name])]);
}

/** The firmware of that name; undefined where machines of the architecture have none of the kind. */
export function firmwareNamed({ firmwares }: Architecture, name: Firmware): MachineFirmware | undefined {
  return firmwares.find((firmware) => firmware.name === name);
}

/** The machines of all architectures. */
export function machineTypes(): string[] {
  return [...new Set(Object.values<Architecture>(architectures).flatMap(({ machineTypes: types }) => types))];
}
