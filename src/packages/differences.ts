import type { LockedPackage, PackageLock } from './lock-file.js';
import type { RecordedRequest } from './request.js';

/** What is between two lists of packages. */
export interface PackageDifference {
  readonly name: string;
  readonly architecture: string;
  readonly before?: ComparedPackage;
  readonly after?: ComparedPackage;
}

/** A package as a comparison needs it: locks, manifests and SBOMs have it. */
export type ComparedPackage = Pick<LockedPackage, 'name' | 'version' | 'architecture'> &
  Partial<Pick<LockedPackage, 'size' | 'sha256' | 'source' | 'why'>>;

/** Added, removed and changed packages, by name. */
export function differencesOf(
  before: readonly ComparedPackage[],
  after: readonly ComparedPackage[],
): PackageDifference[] {
  const key = ({ name, architecture }: ComparedPackage) => `${name}\0${architecture}`;
  const old = new Map(before.map((each) => [key(each), each]));
  const now = new Map(after.map((each) => [key(each), each]));
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((each) => {
    const [one, other] = [old.get(each), now.get(each)];
    const sums = one?.sha256 !== undefined && other?.sha256 !== undefined;
    if (one && other && one.version === other.version && (!sums || one.sha256 === other.sha256)) return [];
    const { name, architecture } = (one ?? other) as ComparedPackage;
    return [{ name, architecture, ...(one && { before: one }), ...(other && { after: other }) }];
  });
}

/** What happened to a package, in words: `+ nginx 1.26`, `- exim4 4.98`, `~ curl 8.14-1 -> 8.14-2`. */
export function changeLine({ name, before, after }: PackageDifference): readonly string[] {
  if (before === undefined) return ['+', name, after?.version ?? '', after?.why ?? ''];
  if (after === undefined) return ['-', name, before.version, ''];
  const same = before.version === after.version;
  return ['~', name, same ? `${before.version}, other content` : `${before.version} -> ${after.version}`, ''];
}

/** How the request of a lock differs from what the configuration says now; empty if it does not. */
export function staleness(
  lock: Pick<PackageLock, 'request' | 'solver' | 'architecture'>,
  request: RecordedRequest,
  now: { readonly solver: PackageLock['solver']; readonly architecture: string },
): string[] {
  const lists = (['packages', 'excluded', 'suites', 'components'] as const).flatMap((name) => {
    const [before, after] = [lock.request[name] ?? [], request[name] ?? []];
    const what = { packages: '', excluded: 'excluded ', suites: 'suite ', components: 'installer ' }[name];
    const added = after.filter((each) => !before.includes(each)).map((each) => `+ ${what}${each}`);
    const removed = before.filter((each) => !after.includes(each)).map((each) => `- ${what}${each}`);
    const moved = added.length + removed.length === 0 && JSON.stringify(before) !== JSON.stringify(after);
    return [...added, ...removed, ...(moved ? [`the order of the ${name}: ${after.join(', ')}`] : [])];
  });
  const changed = (what: string, before: string, after: string) =>
    before === after ? [] : [`${what}: ${before} -> ${after}`];
  return [
    ...lists,
    ...changed('recommends', String(lock.request.recommends), String(request.recommends)),
    ...changed('architecture', lock.architecture, now.architecture),
    ...changed('solver', `${lock.solver.name} ${lock.solver.version}`, `${now.solver.name} ${now.solver.version}`),
  ];
}
