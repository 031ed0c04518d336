import type { Chosen } from './apt/solve.js';
import type { PackageRequest } from './request.js';

/**
 * Why each package is there: `essential`, `group server`, `option firewall`, `answer file`, `installer`, `depends of sudo`, `recommends of sudo`. Of
 * several reasons the nearest to what is asked for, and of these the first by name.
 */
export function reasonsFor(request: PackageRequest, chosen: readonly Chosen[]): ReadonlyMap<Chosen, string> {
  const byName = new Map<string, Chosen[]>();
  for (const each of chosen) {
    for (const name of [each.name, ...each.provides]) byName.set(name, [...(byName.get(name) ?? []), each]);
  }
  const reasons = new Map<Chosen, string>();
  for (const each of chosen) {
    const reason = asked(request, each);
    if (reason !== undefined) reasons.set(each, reason);
  }
  const follow = (from: readonly Chosen[], relation: 'depends' | 'recommends') => {
    const next: Chosen[] = [];
    for (const each of from) {
      for (const alternatives of each[relation]) {
        const [found] = alternatives.flatMap((name) => byName.get(name) ?? []);
        if (found === undefined || reasons.has(found)) continue;
        reasons.set(found, `${relation} of ${each.name}`);
        next.push(found);
      }
    }
    return next;
  };
  let level: readonly Chosen[] = [...reasons.keys()];
  while (level.length > 0) level = follow(level, 'depends');
  // Dependencies come first: what both say is not there for a recommendation.
  let recommending: readonly Chosen[] = request.group.recommends ? chosen : [];
  while (recommending.length > 0) {
    let found: readonly Chosen[] = follow(
      recommending.filter((each) => reasons.has(each)),
      'recommends',
    );
    const all = [...found];
    while (found.length > 0) {
      found = follow(found, 'depends');
      all.push(...found);
    }
    recommending = all;
  }
  const pattern = request.group.members.find(({ name }) => name.startsWith('?'));
  for (const each of chosen) {
    if (!reasons.has(each)) reasons.set(each, pattern ? `group ${pattern.from[0]?.[0] ?? ''}` : 'depends of several');
  }
  return reasons;
}

function asked({ group, further }: PackageRequest, { name, essential, priority }: Chosen): string | undefined {
  const matches = (wanted: string) =>
    wanted.replace(/[=/:].*$/, '') === name ||
    (wanted === '?essential' && essential) ||
    new RegExp(`^[?]priority\\(${priority}\\)$`).test(wanted);
  const member = group.members.find((each) => !each.name.startsWith('?') && matches(each.name));
  if (member !== undefined) return `group ${member.from[0]?.[0] ?? ''}`;
  if (essential) return 'essential';
  const general = group.members.find((each) => matches(each.name));
  if (general !== undefined) return `group ${general.from[0]?.[0] ?? ''}`;
  return further.find((each) => matches(each.name))?.why;
}
