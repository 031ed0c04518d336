import { existsSync } from 'node:fs';

/**
 * How a machine starts what is on its disk. `uefi-secure` is UEFI with Secure Boot and the keys of Microsoft, which sign
 * the shims of the distributions; `built-in` is what QEMU brings for machines that have nothing else.
 */
export type Firmware = 'bios' | 'uefi' | 'uefi-secure' | 'built-in';

/** A firmware of the machines of one architecture. */
export interface MachineFirmware {
  readonly name: Firmware;
  /** QEMU's machine, for `--machine` of virt-install; undefined for the one that virt-install chooses. */
  readonly machineType: string | undefined;
  /** Undefined for what QEMU itself brings. */
  readonly files: FirmwareFiles | undefined;
  /** What firmware and boot loaders write to where there is no serial console; undefined if they use graphics. */
  readonly textScreen: TextScreen | undefined;
}

/** A firmware that QEMU does not bring: two flash memories. */
export interface FirmwareFiles {
  /** Debian's package. */
  readonly package: string;
  /** The code. */
  readonly code: string;
  /** The variables as they leave the factory. Each machine gets a copy: it writes boot entries into it. */
  readonly variables: string;
  /** Whether the code keeps its keys from the guest by system management mode, which the machine then must have. */
  readonly usesSmm: boolean;
}

/** A screen in text mode, as it lies in the machine's memory: two bytes for each character. */
export interface TextScreen {
  /** As QEMU's monitor takes it. */
  readonly address: string;
  /** Characters in all, with those that scrolled by. */
  readonly cells: number;
  readonly columns: number;
}

/** That of VGA. */
export const textMode: TextScreen = { address: '0xb8000', cells: 16 * 1024, columns: 80 };

/** What people call a firmware by which something boots. */
export const firmwareNames: Readonly<Record<Firmware, string>> = {
  bios: 'BIOS',
  uefi: 'UEFI',
  'uefi-secure': 'UEFI with Secure Boot',
  'built-in': "the machine's own firmware",
};

/** The first of its files that is not on this machine, and Debian's package that has it. */
export function missingFirmware({ files }: MachineFirmware): { file: string; package: string } | undefined {
  if (files === undefined) return undefined;
  const file = [files.code, files.variables].find((name) => !existsSync(name));
  return file === undefined ? undefined : { file, package: files.package };
}
