import { Failure, UsageError } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Lockable } from '../images/installer-packages.js';
import { makeLock, type Locking } from '../packages/make-lock.js';
import { flavoredName } from '../packages/request.js';
import { listOf, packagesOf } from './listed-image.js';

/** @throws UsageError unless it is about one image that has an installer, and a file that lists packages */
export function expectInstalled(requests: readonly Lockable[], file: string): void {
  const [first, ...others] = requests;
  if (first === undefined || others.length > 0)
    throw new UsageError(['--from-image is about one image, and one flavor of it: name it']);
  if (first.installed === undefined) {
    throw new UsageError([`--from-image: [${first.request.image}] has no installer that could add packages`]);
  }
  if (listOf(file) === undefined) {
    throw new UsageError([`--from-image ${file}: there is neither a list of packages nor a manifest beside it`]);
  }
}

/** What an image has, and would not have of what is asked for: its installer added it. */
export async function recordedFrom(host: Host, file: string, locking: Omit<Locking, 'fetches'>): Promise<string[]> {
  const listed = packagesOf(file, listOf(file) ?? file);
  const { packages } = await makeLock(host, { ...locking, recorded: [], fetches: false });
  const solved = new Set(packages.map(({ name }) => name));
  if (!listed.some(({ name }) => solved.has(name))) {
    throw new Failure(`${file} has none of the packages that ${flavoredName(locking.request)} asks for`, {
      hint: 'Is it an image of this section?',
    });
  }
  const names = new Set(listed.map(({ name }) => name).filter((name) => !solved.has(name)));
  const left = [...names].filter((name) => locking.request.group.excluded.has(name));
  if (left.length > 0) host.log.info(`Not recorded, for the section leaves it out: ${left.join(', ')}`);
  return [...names].filter((name) => !left.includes(name)).sort();
}
