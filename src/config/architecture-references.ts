import { architectureNamed, defaultArchitecture, type Architecture } from '../machine/architectures.js';
import type { IniOption } from './interpolation.js';

/** What a section may refer to that follows from its architecture: `${debian-arch}`, `${rpm-arch}`, `${serial-device}`, … */
export function referencesOf(architecture: Architecture): Readonly<Record<string, string>> {
  const { name, debianName, serialDevice, places } = architecture;
  return {
    arch: name,
    'debian-arch': debianName,
    'rpm-arch': name,
    'serial-device': serialDevice,
    ...Object.fromEntries(Object.entries(places).map(([place, value]) => [`arch-${place}`, value])),
  };
}

/** All of them for each architecture, as options. */
const options = new Map<Architecture, ReadonlyMap<string, IniOption>>();

/** The same for a section where neither it nor [DEFAULT] sets the option. A wrong word is told where `arch` is read. */
export function architectureReference(
  option: string,
  valueOf: (option: string) => string | undefined,
): IniOption | undefined {
  if (!names.has(option)) return undefined;
  const word = option === 'arch' ? undefined : valueOf('arch');
  const architecture = (word === undefined ? undefined : architectureNamed(word)) ?? defaultArchitecture;
  let found = options.get(architecture);
  if (found === undefined) {
    const entries = Object.entries(referencesOf(architecture));
    found = new Map(entries.map(([name, value]) => [name, { value, file: '', line: 0 }]));
    options.set(architecture, found);
  }
  return found.get(option);
}

const names: ReadonlySet<string> = new Set(Object.keys(referencesOf(defaultArchitecture)));
