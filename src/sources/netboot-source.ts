import { installOrigin, type BootPaths, type ImageSpec } from '../config/image-spec.js';
import type { Source } from '../config/source.js';
import { Failure } from '../host/failure.js';
import type { Content } from './content.js';

/** A file that an image's section names, and what it must be. */
export interface NetbootSource {
  /** The option that names it, for messages: `linux`. */
  readonly option: string;
  readonly from: Source;
  /** What must be in it; without it, anything may be. */
  readonly content?: Content;
  /** 64 hexadecimal digits; from the option `<option>-sha256`. */
  readonly sha256?: string | undefined;
  /** The sum that a checksum list has for it; the list's URI is masked. */
  readonly listed?: { readonly sha256: string; readonly list: string } | undefined;
  /** Of an archive: what is taken out of it. */
  readonly holds?: BootPaths | undefined;
  /** In bytes; a larger file is refused. */
  readonly maxBytes?: number;
  /** Whether a redirect from https: to http: is refused, because nothing but TLS vouches for the file. */
  readonly onlyByTls?: boolean;
}

/** The files that an image's installation begins with. */
export function netbootSources(spec: ImageSpec): NetbootSource[] {
  const { linuxSha256, initrdSha256 } = spec;
  const { installer } = installOrigin(spec);
  if (installer.kind === 'medium') {
    return [{ option: 'installer_image', from: installer.image, content: 'medium' }];
  }
  if (installer.kind === 'archive') {
    return [{ option: 'netboot-archive', from: installer.archive, holds: installer.boot }];
  }
  return [
    { option: 'linux', from: installer.linux, content: 'kernel', sha256: linuxSha256 },
    { option: 'initrd', from: installer.initrd, content: 'initrd', sha256: initrdSha256 },
  ];
}

/** The sums that a file must have, each with who asks for it, as it stands in messages. */
export function sumsAskedFor({ option, sha256, listed }: NetbootSource): { sha256: string; by: string }[] {
  return [
    ...(sha256 === undefined ? [] : [{ sha256: sha256.toLowerCase(), by: `${option}-sha256 asks for` }]),
    ...(listed === undefined ? [] : [{ sha256: listed.sha256, by: `${listed.list} lists` }]),
  ];
}

/** Why a file could not be got, naming it. */
export function fetchFailure({ option, from }: NetbootSource, why: string, hint?: string): Failure {
  return new Failure(`${option}: cannot fetch ${from.shown}: ${why}`, { hint });
}

export function tooLarge({ maxBytes = Infinity }: NetbootSource): string {
  return `it has more than ${maxBytes} bytes, which is too large for such a file`;
}
