import type { PackagePlaces } from './package-source.js';

/**
 * A script for a made tree: apt finds packages where the image has them from, instead of in the repository of the build, whose
 * address differs each time. The keys are named where the tree has them at the same place.
 */
export function targetSources({ sources, keyring }: Pick<PackagePlaces, 'sources' | 'keyring'>): string {
  const file = '/etc/apt/sources.list.d/archive.sources';
  const signedBy =
    keyring === undefined
      ? ''
      : `if [ -e ${quoted(keyring)} ]; then printf %s ${quoted(`Signed-By: ${keyring}\n`)}; fi; `;
  const stanzas = sources.map(({ url, suite, components }) => {
    const lines = ['Types: deb', `URIs: ${url}`, `Suites: ${suite}`];
    const all = [...lines, ...(components.length > 0 ? [`Components: ${components.join(' ')}`] : [])];
    return `printf %s ${quoted(`${all.join('\n')}\n`)}; ${signedBy}echo`;
  });
  return [
    'rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*',
    'mkdir -p /etc/apt/sources.list.d',
    `{ ${stanzas.join('; ')}; } > ${file}`,
  ].join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
