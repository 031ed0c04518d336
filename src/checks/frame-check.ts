import { isDerived, isInstalled } from '../config/image-spec.js';
import type { IniOption } from '../config/interpolation.js';
import { canonical } from '../config/option.js';
import { hasParentDisk } from '../images/derivation.js';
import { lineOf } from '../images/line.js';
import { placeOf, warning, type Check } from './subject.js';

/** Options of disks that are made anew. */
const ofNewDisks = ['layout', 'image-size', 'kernel-arguments'];

/** What a child of an installed disk sets itself and does not get: its disk is that one, with other files. */
export const frameCheck: Check = async (subject) => {
  const { configuration, spec } = subject;
  if (!isDerived(spec)) return [];
  const [origin = spec] = lineOf(spec);
  const hasFrame = isInstalled(origin) || (isDerived(origin) && (await hasParentDisk(origin)));
  if (!hasFrame) return [];
  const own =
    configuration.section(spec.section).document.sections.get(spec.section)?.options ?? new Map<string, IniOption>();
  const set = new Set([...own].flatMap(([name, { like, value }]) => (like || !value ? [] : canonical(name))));
  spec.overridden.forEach((name) => set.add(canonical(name)));
  return ofNewDisks
    .filter((option) => set.has(option))
    .map((option) =>
      warning(
        `${placeOf(subject, option)}: not read: the disk has the partitions, the size and the boot loader's configuration of the installed disk that it is derived from`,
      ),
    );
};
