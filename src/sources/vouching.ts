import { existsSync } from 'node:fs';
import { parseSource, type Source } from '../config/source.js';
import { UsageError } from '../host/failure.js';
import { findProgram } from '../host/programs.js';
import type { NetbootSource } from './netboot-source.js';

/** How an image's section wants its netboot files verified. */
export interface VerifySettings {
  /** `required`: no build without; `available`: a warning without; `off`: not asked for. */
  readonly verify: 'required' | 'available' | 'off';
  /** The checksum list. */
  readonly checksums?: Source | undefined;
  /** Its signature. */
  readonly checksumsSignature?: Source | undefined;
  /** The file of the trusted keys. */
  readonly keyring?: Source | undefined;
  /** Fingerprints of those of its keys that are trusted; undefined: all. */
  readonly signedBy?: readonly string[] | undefined;
}

/** Where a checksum list is, and who has signed it. */
export interface SignedListPlace {
  readonly list: Source;
  /** The list itself where it is a signed text. */
  readonly signature: Source;
  readonly keyring: Source;
  /** Fingerprints of the keys that may sign; undefined: all of the keyring. */
  readonly signers?: readonly string[] | undefined;
}

/** What can vouch for a netboot file, as far as it is known before anything is fetched. */
export type Vouching =
  | ({ readonly by: 'signed list' } & SignedListPlace)
  | { readonly by: 'list'; readonly list: Source }
  /** The sum in the option `<option>-sha256`. */
  | { readonly by: 'given sum' }
  | {
      readonly by: 'nothing';
      readonly why: string;
      readonly fix: string;
      /** Whether it is worth a warning: not for files of the user's own, and not where the user wants it so. */
      readonly loud: boolean;
    };

export const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * The installer in a Debian archive. Ubuntu's archive has the same shape, but its Release files don't list the
 * installer's sums, and other keys sign them.
 */
const debianInstaller = /^((?!.*\bubuntu\b).*\/dists\/[^/]+)(\/main\/installer-[^/]+\/[^/]+\/images)\/./is;

/** @param usualKeyring the keys of the Debian archive, where the section names no others */
export function vouchingFor(source: NetbootSource, settings: VerifySettings, usualKeyring = debianKeyring): Vouching {
  const { verify, checksums, checksumsSignature, keyring, signedBy: signers } = settings;
  const isLocal = source.from.by === 'copy';
  if (verify !== 'off' && checksums !== undefined) {
    if (keyring === undefined) return { by: 'list', list: checksums };
    return { by: 'signed list', list: checksums, signature: checksumsSignature ?? checksums, keyring, signers };
  }
  if (source.sha256 !== undefined) return { by: 'given sum' };
  if (verify === 'off') return { by: 'nothing', why: 'verify = off', fix: 'set verify = available', loud: false };
  const [, suite, images] = (!isLocal && debianInstaller.exec(source.from.uri)) || [];
  if (suite === undefined || images === undefined) {
    const why = isLocal ? 'it is a file of this machine' : 'there is no checksum list for it';
    return { by: 'nothing', why, fix: `set checksums, or ${source.option}-sha256`, loud: !isLocal };
  }
  const fix = keyring === undefined && !existsSync(usualKeyring) ? 'debian-archive-keyring' : missingGpgv(verify);
  if (fix !== undefined) {
    return { by: 'nothing', why: `${fix} is not installed`, fix: `install the package ${fix}`, loud: true };
  }
  const list = parseSource(`${suite}${images}/SHA256SUMS`);
  const signature = parseSource(`${suite}/InRelease`);
  return { by: 'signed list', list, signature, keyring: keyring ?? parseSource(usualKeyring), signers };
}

/** Under `required` the lack of a program ends the build as that of any other does. */
function missingGpgv(verify: VerifySettings['verify']): 'gpgv' | undefined {
  return verify === 'available' && findProgram('gpgv') === undefined ? 'gpgv' : undefined;
}

/** @throws UsageError with every reason why the files can't be verified as the section asks for it */
export function checkVerification(sources: readonly NetbootSource[], settings: VerifySettings): void {
  const { checksums, checksumsSignature, keyring, verify } = settings;
  const problems: string[] = [];
  if (checksumsSignature !== undefined && checksums === undefined) {
    problems.push("checksums-signature: set 'checksums' as well: the list that it signs");
  }
  if (checksumsSignature !== undefined && keyring === undefined) {
    problems.push("checksums-signature: set 'keyring' as well: the keys to trust");
  }
  if (keyring !== undefined && keyring.by !== 'copy' && settings.signedBy === undefined) {
    problems.push(
      `keyring = ${keyring.shown}: set 'signed-by' as well, to the fingerprints of the keys to trust: what comes over the network can't vouch for itself`,
    );
  }
  if (settings.signedBy !== undefined && keyring === undefined && checksums !== undefined) {
    problems.push("signed-by: set 'keyring' as well: the file that holds these keys");
  }
  const unproven = verify === 'required' && problems.length === 0 ? sources : [];
  for (const source of unproven) {
    const vouching = vouchingFor(source, settings);
    const lacks = (why: string, fix: string) =>
      problems.push(`verify = required: ${source.option} = ${source.from.shown}: ${why}; ${fix}`);
    if (vouching.by === 'nothing') lacks(vouching.why, vouching.fix);
    if (vouching.by === 'list' && source.sha256 === undefined && !comesUnchanged(vouching.list)) {
      lacks(
        `its checksum list ${vouching.list.shown} is neither signed nor fetched by https:`,
        'set checksums-signature and keyring',
      );
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
}

/** Whether a source can't be modified in transit: TLS authenticates the server, and local files are trusted. */
export function comesUnchanged(source: Source): boolean {
  return source.by === 'copy' || (source.by === 'http' && source.url.startsWith('https:'));
}
