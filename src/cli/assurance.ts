import { isInstalled, type ImageSpec } from '../config/image-spec.js';
import { netbootSources } from '../sources/netboot-source.js';
import { comesUnchanged, vouchingFor, type Vouching } from '../sources/vouching.js';

/** What vouches for the kernel and initrd of an installer, best first; for people. */
export const assurances = {
  signed: 'signed',
  'given sum': 'given sum',
  tls: 'https only',
  local: 'local files',
  'unsigned list': 'unsigned list',
  nothing: 'unverified',
  unknown: '',
} as const;

export type Assurance = keyof typeof assurances;

/** The least of what vouches for the files of an image, as far as it is known before anything is fetched. */
export function assuranceOf(spec: ImageSpec): Assurance {
  if (!isInstalled(spec)) return 'unknown';
  const order = Object.keys(assurances) as Assurance[];
  const all = netbootSources(spec).map((source) =>
    source.from.by === 'copy' ? 'local' : ofVouching(vouchingFor(source, spec)),
  );
  return order.findLast((assurance) => all.includes(assurance)) ?? 'unknown';
}

function ofVouching(vouching: Vouching): Assurance {
  switch (vouching.by) {
    case 'signed list':
      return 'signed';
    case 'list':
      return comesUnchanged(vouching.list) ? 'tls' : 'unsigned list';
    case 'given sum':
      return 'given sum';
    case 'nothing':
      return 'nothing';
  }
}
