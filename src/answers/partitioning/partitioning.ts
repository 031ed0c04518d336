import type { AnswerFileKind } from '../../config/image-spec.js';
import type { Layout } from '../../layout/layout.js';
import type { InstalledMachine, PartitioningLanguage } from './language.js';
import { agama } from './agama.js';
import { autoyast } from './autoyast.js';
import { curtin } from './curtin.js';
import { kickstart } from './kickstart.js';
import { needsOf } from './packages.js';
import { partman } from './partman.js';

/** The installers by what they read; how each is told a layout. The face of this room. */
export const partitioningLanguages: Readonly<Record<AnswerFileKind, PartitioningLanguage>> = {
  preseed: partman,
  kickstart,
  yast: autoyast,
  autoinstall: curtin,
  agama,
};

/** The virtual machine of an installation, by the options of its section: its disk is virtio's. */
export function installedMachine(options: Readonly<Record<string, string>>): InstalledMachine {
  return {
    disk: '/dev/vda',
    firmware: (options['firmware'] ?? '').startsWith('uefi') ? 'uefi' : 'bios',
    architecture: /^(arm64|aarch64)$/.test(options['arch'] ?? '') ? 'arm64' : 'amd64',
  };
}

/** A layout, and where its parts are written. */
export interface SourcedLayout {
  readonly layout: Layout;
  /** For messages. */
  readonly file: string;
  /** The line of a partition, volume or file system, by its name. */
  readonly lineOf: (name: string) => number | undefined;
}

/**
 * What the installer can't make of a layout.
 *
 * @param place where the layout is named: `my.conf:3: [web] layout = my.yaml`
 */
export function layoutProblems(
  kind: AnswerFileKind,
  { layout, file, lineOf }: SourcedLayout,
  machine: InstalledMachine,
  place: string,
): string[] {
  const { installer, limits } = partitioningLanguages[kind];
  const unmade = limits(layout).map(({ on, why }) => {
    const line = lineOf(on);
    return `${place}: ${installer} can't make '${on}' (${file}${line === undefined ? '' : `:${line}`}): ${why}`;
  });
  return [...unmade, ...bootProblems(layout, machine).map((problem) => `${place}: ${problem}`)];
}

/** An installer installs the boot loader of the firmware that it was started by. */
function bootProblems(layout: Layout, { firmware }: InstalledMachine): string[] {
  const needs = needsOf(layout);
  if (firmware === 'uefi' && !needs.includes('UEFI')) {
    return ['the machine has UEFI, and the layout has no EFI system partition: add one, or set firmware = bios'];
  }
  if (firmware === 'bios' && !needs.includes('BIOS')) {
    return ['the machine has a BIOS, and the layout has no BIOS boot partition: add one, or set firmware = uefi'];
  }
  return [];
}
