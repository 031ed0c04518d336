import { access, constants, stat } from 'node:fs/promises';
import type { ImageSpec } from '../config/image-spec.js';
import type { Source } from '../config/source.js';
import { reasonOf } from '../host/errno.js';
import { contentFault, type Content } from '../sources/content.js';
import { netbootSources } from '../sources/netboot-source.js';
import { vouchingFor } from '../sources/vouching.js';
import { error, mayBeMade, placeOf, warning, type Check } from './subject.js';

/** A file of this machine that the section names. */
interface NamedFile {
  readonly option: string;
  readonly path: string;
  readonly content?: Content | undefined;
}

/** Files of this machine that the section names, and that are not there or not what they should be. */
export const localSources: Check = async (subject) => {
  if (mayBeMade(subject)) return [];
  const looked = namedFiles(subject.spec).map(async ({ option, path, content }) => {
    const fault = (await fileFault(path)) ?? (content && (await contentFault(content, path)));
    return fault === undefined ? [] : [error(`${placeOf(subject, option)}: ${fault}`)];
  });
  return (await Promise.all(looked)).flat();
};

function namedFiles(spec: ImageSpec): NamedFile[] {
  const files = netbootSources(spec).flatMap(({ option, from, content }) => local(option, from, content));
  if (spec.verify === 'off') return files;
  return [
    ...files,
    ...local('checksums', spec.checksums),
    ...local('checksums-signature', spec.checksumsSignature),
    ...local('keyring', spec.keyring),
  ];
}

function local(option: string, from: Source | undefined, content?: Content): NamedFile[] {
  return from?.by === 'copy' ? [{ option, path: from.path, content }] : [];
}

async function fileFault(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isFile()) return 'it is not a file';
    await access(path, constants.R_OK);
    return undefined;
  } catch (caught) {
    return reasonOf(caught);
  }
}

/** A keyring that no signature is checked with. */
export const keyringInVain: Check = (subject) => {
  const { keyring, checksums, verify } = subject.spec;
  if (keyring === undefined || checksums !== undefined || verify === 'off') return [];
  const isAsked = netbootSources(subject.spec).some((source) => vouchingFor(source, subject.spec).by === 'signed list');
  if (isAsked) return [];
  const why = "there is no option 'checksums' whose signature it could check";
  return [warning(`${placeOf(subject, 'keyring')}: not used, because ${why}`)];
};
