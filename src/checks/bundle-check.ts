import { isOfDisk } from '../bundles/writers.js';
import type { BundleDemand } from '../config/bundle-formats.js';
import { resultOf } from '../images/wanted-packages.js';
import { checkImageLayout } from '../layout/image-layout.js';
import type { Layout } from '../layout/layout.js';
import { isEfiSystem } from '../layout/partition-types.js';
import { error, placeOf, warning, type CheckFinding, type Subject } from './subject.js';

/** What a layout has none of, by the demand that needs it. */
const lacking: Readonly<Partial<Record<BundleDemand, (layout: Layout) => string | undefined>>> = {
  uefi: ({ disks }) =>
    disks.some(({ partitions }) => partitions.some(({ type }) => isEfiSystem(type)))
      ? undefined
      : 'no EFI system partition',
  gpt: ({ disks }) => (disks.every(({ label }) => label === 'gpt') ? undefined : 'no GPT'),
};

/** Targets that need what the image's layout has not: an installation would take its time for nothing. */
export async function bundleCheck(subject: Subject): Promise<readonly CheckFinding[]> {
  const { spec, answerFile } = subject;
  if (spec.targets.length > 0 && (await resultOf(subject.configuration, spec)) === 'tree') {
    return spec.targets
      .filter(({ format }) => isOfDisk(format))
      .map(({ name }) =>
        error(
          `${placeOf(subject, 'bundles')}: the target '${name}' is a disk, and ${spec.name} is none, as it has no kernel or no layout; choose targets of files, such as oci, wsl or tar-xz`,
        ),
      );
  }
  const needing = spec.targets.filter(({ needs }) => needs.some((demand) => demand in lacking));
  if (needing.length === 0 || answerFile?.mentioned.has('layout') !== true) return [];
  const checked = await checkImageLayout(spec);
  if (checked === undefined) return [];
  return needing.flatMap(({ name, needs }) =>
    needs.flatMap((demand) => {
      const what = lacking[demand]?.(checked.layout);
      if (what === undefined) return [];
      return [
        error(
          `${placeOf(subject, 'bundles')}: the target '${name}' needs '${demand}', but the layout ${spec.layout?.name} has ${what}; 'layout = hybrid' has`,
        ),
      ];
    }),
  );
}

/** Bundles that no destination gets: only a registry takes what is in a directory. */
export function directoriesToUpload(subject: Subject): readonly CheckFinding[] {
  const { destinations, targets } = subject.spec;
  if (destinations.length === 0 || destinations.some(({ type }) => type === 'oci')) return [];
  const names = destinations.map(({ name }) => name).join(', ');
  return targets
    .filter(({ subformat }) => subformat === 'directory')
    .map(({ name }) =>
      warning(
        `${placeOf(subject, 'bundles')}: the target '${name}' is a directory, which is not uploaded to ${names}; 'oci' is the same as one file`,
      ),
    );
}
