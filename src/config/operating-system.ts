import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OptionType } from './option-types.js';
import { didYouMean } from './suggestion.js';

const switches = ['detect', 'require'];
const names = ['name', 'short-id'];

/** Names that virt-install(1) knows besides those of osinfo-db. */
const special = ['auto', 'none', 'generic'];

/**
 * What `virt-install --osinfo` takes: the name of a system, or settings separated by commas, such as
 * `detect=on,require=off`. Where osinfo-db is installed, the system must be in it.
 */
export const operatingSystem: OptionType<string> = {
  metavar: 'OS',
  parse(value) {
    const settings = value.split(',').map((word) => /^(?:([^=]*)=)?(.*)$/s.exec(word.trim())?.slice(1) ?? []);
    settings.forEach(([key, setting = ''], index) => {
      if (key === undefined ? index === 0 : names.includes(key)) checkName(setting);
      else if (
        key === undefined ||
        !(key === 'id' || (switches.includes(key) && /^(?:on|off|yes|no)$/.test(setting)))
      ) {
        throw new Error("what 'virt-install --osinfo' takes: 'debian12', or 'detect=on,require=off'");
      }
    });
    return value;
  },
};

function checkName(name: string): void {
  if (special.includes(name)) return;
  const known = knownSystems();
  if (known.size === 0 || known.has(name)) return;
  throw new Error(`a system that 'virt-install --osinfo list' names${didYouMean(name, known)}`);
}

/** The places of osinfo-db (osinfo-db-path(1)); each system has its short names in a file of its own. */
function knownSystems(): ReadonlySet<string> {
  const files = ['/usr/share/osinfo/os', '/usr/local/share/osinfo/os', '/etc/osinfo/os'].flatMap(filesBelow);
  return new Set(
    files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/<short-id>([^<]+)<\/short-id>/g)].map(([, name = '']) => name),
    ),
  );
}

function filesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.xml'))
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}
