import type { ImageSpec } from '../config/image-spec.js';
import type { BootWay } from '../disk/boot-ways.js';
import { firmwareNamed, type Architecture } from '../machine/architectures.js';
import type { Firmware, MachineFirmware } from '../machine/firmware.js';

type Asked = ImageSpec['bootTestFirmware'];

/** The firmwares that a word names by itself. */
const named: Readonly<Record<Exclude<Asked, 'auto'>, readonly Firmware[]>> = {
  bios: ['bios'],
  uefi: ['uefi'],
  'uefi-secure': ['uefi-secure'],
  both: ['bios', 'uefi'],
};

/** The firmwares that the boot test needs whatever is on the disk; that of the installation where the disk decides. */
export function necessaryFirmwares({
  bootTestFirmware: asked,
  arch,
  firmware,
}: Pick<ImageSpec, 'bootTestFirmware' | 'arch' | 'firmware'>): readonly MachineFirmware[] {
  return asked === 'auto' ? [firmware] : of(arch, named[asked]);
}

/**
 * The firmwares to start an image with, in order.
 *
 * @param installedBy the firmware of the installation
 * @param ways what is on the disk; undefined where that is not known
 */
export function bootFirmwares(
  asked: Asked,
  architecture: Architecture,
  installedBy: MachineFirmware,
  ways: readonly BootWay[] | undefined,
): readonly MachineFirmware[] {
  if (asked !== 'auto') return of(architecture, named[asked]);
  // Secure Boot is what the section wants of UEFI.
  const uefi = installedBy.name === 'uefi-secure' ? 'uefi-secure' : 'uefi';
  const found = of(
    architecture,
    (ways ?? []).map((way) => (way === 'uefi' ? uefi : way)),
  );
  return found.length > 0 ? found : [installedBy];
}

function of(architecture: Architecture, names: readonly Firmware[]): readonly MachineFirmware[] {
  return names.flatMap((name) => firmwareNamed(architecture, name) ?? []);
}
