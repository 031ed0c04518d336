import { firmwareNamed, type Architecture } from '../machine/architectures.js';
import { firmwareNames, missingFirmware, type Firmware, type MachineFirmware } from '../machine/firmware.js';

/** A machine that an image is installed on and boots on. */
export interface WantedMachine {
  readonly architecture: Architecture;
  /** Undefined for the architecture's usual one. */
  readonly firmware: Firmware | undefined;
}

/** A firmware that is not here. */
export interface LackingFirmware {
  readonly file: string;
  /** Debian's package. */
  readonly package: string;
  /** For people: `UEFI for arm64`. */
  readonly neededFor: string;
  /** Whether an installation needs it. A boot test goes without it where the image boots in another way as well. */
  readonly isNecessary: boolean;
}

/** What these machines lack, each file once. */
export function lackingFirmwares(machines: readonly WantedMachine[]): LackingFirmware[] {
  const lacking = new Map<string, LackingFirmware>();
  const note = (architecture: Architecture, firmware: MachineFirmware, isNecessary: boolean) => {
    const missing = missingFirmware(firmware);
    if (missing === undefined || lacking.has(missing.file)) return;
    const by = `${firmwareNames[firmware.name]} for ${architecture.debianName}`;
    lacking.set(missing.file, { ...missing, neededFor: isNecessary ? by : `boot tests by ${by}`, isNecessary });
  };
  for (const { architecture, firmware } of machines) {
    const named = firmware === undefined ? undefined : firmwareNamed(architecture, firmware);
    note(architecture, named ?? architecture.firmwares[0], true);
  }
  for (const { architecture } of machines) {
    const uefi = firmwareNamed(architecture, 'uefi');
    if (uefi !== undefined) note(architecture, uefi, false);
  }
  return [...lacking.values()];
}
