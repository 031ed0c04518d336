import { isBootstrapped, isDerived, isInstalled } from '../config/image-spec.js';
import { hasParentDisk } from '../images/derivation.js';
import { lineOf } from '../images/line.js';
import { error, ownOptions, placeOf, warning, type Check } from './subject.js';

/** Options of disks that are made anew. */
const ofNewDisks = ['layout', 'image-size', 'kernel-arguments'];

/** What a child of an installed disk sets itself and does not get: its disk is that one, with other files. */
export const frameCheck: Check = async (subject) => {
  const { spec } = subject;
  if (!isDerived(spec)) return [];
  const [origin = spec] = lineOf(spec);
  const hasFrame = isInstalled(origin) || (isDerived(origin) && (await hasParentDisk(origin)));
  if (!hasFrame) return [];
  const set = ownOptions(subject);
  return ofNewDisks
    .filter((option) => set.has(option))
    .map((option) =>
      warning(
        `${placeOf(subject, option)}: not read: the disk has the partitions, the size and the boot loader's configuration of the installed disk that it is derived from`,
      ),
    );
};

/** A group is what an image begins with: without this, a derived image would silently lack its packages. */
export const groupOfChild: Check = (subject) =>
  isDerived(subject.spec) && ownOptions(subject).has('group')
    ? [
        error(
          `${placeOf(subject, 'group')}: a derived image has the packages of its parent: name further ones in 'packages', or give the group to the parent`,
        ),
      ]
    : [];

/** Options of changes in a parent's tree: without a parent, an image would silently lack what they bring. */
export const childOptions: Check = (subject) => {
  if (isDerived(subject.spec)) return [];
  const set = ownOptions(subject);
  // An installer copies files, too.
  const changes = ['elements', 'run', ...(isBootstrapped(subject.spec) ? ['files'] : [])];
  return changes
    .filter((option) => set.has(option))
    .map((option) =>
      error(
        `${placeOf(subject, option)}: only an image with a 'parent' is changed so; make a section with 'parent = ${subject.spec.section}' for it`,
      ),
    );
};
