import type { Configuration } from '../config/configuration.js';
import { flavorNames, splitName } from '../config/flavored-name.js';
import { UsageError } from '../host/failure.js';
import { factsText } from '../packages/facts.js';
import { factsOf } from '../packages/flavors.js';
import { groupNames, resolveGroups, type Member } from '../packages/groups.js';
import { noting, ownOption } from '../packages/own-options.js';
import { loadConfiguration } from './configuration.js';
import { columns } from './tables.js';

export interface GroupFlags {
  readonly config?: string;
  readonly flavor?: string;
  readonly image?: string;
  readonly arch?: string;
  readonly json?: boolean;
}

/** Prints what a group is for an image or a flavor, with reasons. */
export function showGroup(name: string, flags: GroupFlags): void {
  const configuration = loadConfiguration(flags.config);
  const facts = factsOf(configuration, factsAsked(configuration, flags));
  const group = resolveGroups(configuration, [name], facts);
  if (flags.json) {
    printJson({
      group: name,
      ...(flags.flavor === undefined ? {} : { flavor: flags.flavor }),
      facts: {
        arch: facts.arch.debianName,
        hypervisor: facts.hypervisor,
        distribution: facts.distribution,
        ...(facts.suite === '' ? {} : { suite: facts.suite }),
        options: Object.fromEntries(facts.options),
      },
      groups: group.groups,
      recommends: group.recommends,
      packages: group.members.map(({ name: each, from }) => ({ name: each, from })),
      excluded: Object.fromEntries(group.excluded),
      leftOut: group.leftOut,
    });
    return;
  }
  console.log(`# ${name}: ${factsText(facts)}`);
  const rows = [
    ...group.members.map((member) => [member.name, reasons(member)]),
    ...[...group.excluded].map(([each, by]) => [`-${each}`, `excluded by ${by}`]),
  ];
  for (const line of columns(rows)) console.log(line);
  if (group.leftOut.length > 0) console.log('# left out:');
  const left = group.leftOut.map((item) => [`# ${item.name}`, `${item.group}: ${item.why}`]);
  for (const line of columns(left)) console.log(line);
}

/** `--image web@xen` is `--image web --flavor xen`. */
function factsAsked(configuration: Configuration, flags: GroupFlags): GroupFlags {
  if (flags.image === undefined) return flags;
  const { image, flavor } = splitName(configuration, flags.image);
  if (flavor === undefined) return flags;
  if (flags.flavor !== undefined && flags.flavor !== flavor) {
    throw new UsageError([`--image ${flags.image} names another flavor than --flavor ${flags.flavor}: leave one out`]);
  }
  return { ...flags, image, flavor };
}

/** `base < server < web`: the group that names the package, and those that it is in. */
function reasons({ from }: Member): string {
  return from.map((path) => path.join(' < ')).join('; ');
}

/** Prints the names of all groups and flavors, and what they are made of. */
export function listGroups({ config, json }: GroupFlags): void {
  const configuration = loadConfiguration(config);
  const groups = groupNames(configuration).map((name) => ({
    name,
    groups: oneLine(ownOption(configuration, `group ${name}`, 'groups')?.text),
    ships: !configuration.isOwn(`group ${name}`),
  }));
  const flavors = flavorNames(configuration).map((name) => {
    const problems: string[] = [];
    const facts = noting(problems, () => factsOf(configuration, { flavor: name }));
    return facts === undefined ? { name, problems } : { name, facts: factsText(facts) };
  });
  if (json) return printJson({ groups, flavors });
  for (const line of columns([
    ...groups.map(({ name, groups: below, ships }) => ['group', name, below || '-', ships ? 'shipped' : '']),
    ...flavors.map(({ name, facts, problems }) => ['flavor', name, facts ?? problems?.[0] ?? '', '']),
  ])) {
    console.log(line);
  }
}

function oneLine(text = ''): string {
  return text.replace(/\s+/g, ' ').trim();
}

function printJson(value: unknown): void {
  console.log(JSON.stringify(value, undefined, 2));
}
