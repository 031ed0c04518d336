import { sorted, type Package } from './packages.js';

/** Third word of `Status:` for packages whose files are not there, or only in part (dpkg(1), PACKAGE STATES). */
const notThere = new Set(['not-installed', 'config-files', 'half-installed']);

/** The packages of a dpkg database (`/var/lib/dpkg/status`) whose files are in the system. */
export function parseDpkgStatus(status: string): Package[] {
  return sorted(status.split(/\n{2,}/).flatMap(readStanza));
}

function readStanza(stanza: string): Package[] {
  const fields = new Map(
    [...stanza.matchAll(/^([A-Za-z0-9-]+):[ \t]*(.*)$/gm)].map(([, name = '', value = '']) => [
      name.toLowerCase(),
      value.trim(),
    ]),
  );
  const name = fields.get('package');
  const version = fields.get('version');
  const state = fields.get('status')?.split(/\s+/)[2];
  if (name === undefined || version === undefined || state === undefined || notThere.has(state)) return [];
  const source = fields.get('source');
  return [
    { name, version, architecture: fields.get('architecture') ?? '', ...(source === undefined ? {} : { source }) },
  ];
}
