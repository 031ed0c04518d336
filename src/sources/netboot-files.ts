import type { Command, Host } from '../host/host.js';
import { maskUrls } from '../host/mask.js';
import { listedSum } from './checksum-list.js';
import { defaultPatience, type Patience } from './http-client.js';
import { cacheNetbootFile, fetchCommands } from './netboot-cache.js';
import { type NetbootSource } from './netboot-source.js';
import { signatureCheck, trustedList, type TrustedList } from './trusted-list.js';
import { checkVerification, comesUnchanged, vouchingFor, type VerifySettings, type Vouching } from './vouching.js';

/** A file that an installation begins with, and what vouches for it. Plain data. */
export interface NetbootFile {
  /** The option that names it: `linux`, `initrd` or `installer_image`. */
  readonly name: string;
  /** Where it came from, passwords masked. */
  readonly uri: string;
  readonly sha256: string;
  /** Its size. */
  readonly bytes: number;
  /** All that vouched for it; empty if nothing did. */
  readonly verified: readonly Voucher[];
}

export type Voucher =
  /** A sum in the image's section. */
  | { readonly by: 'given sum'; readonly option: string }
  /** A list without a signature; passwords in its URI are masked. */
  | { readonly by: 'checksum list'; readonly list: string }
  | {
      readonly by: 'signed checksum list';
      readonly list: string;
      readonly signature: string;
      /** Of the primary key, in hexadecimal digits. */
      readonly fingerprint: string;
      readonly keyring: string;
    };

/**
 * Brings the netboot files into the cache, verified as the section asks for it: first the checksum lists with their
 * signatures, then the files. Files that were in the cache already are verified all the same.
 *
 * @param cacheDir the image's own directory in the netboot cache
 * @throws UsageError where it shows beforehand that a file can't be verified though it must be
 * @throws Failure where a file can't be got, or lacks the sum that it should have; what was in the cache stays
 */
export async function fetchNetbootFiles(
  host: Host,
  cacheDir: string,
  sources: readonly NetbootSource[],
  settings: VerifySettings,
  patience: Patience = defaultPatience,
): Promise<NetbootFile[]> {
  checkVerification(sources, settings);
  const lists = new Map<string, TrustedList>();
  const expected: { source: NetbootSource; vouchers: Voucher[] }[] = [];
  for (const source of sources) {
    const vouching = vouchingFor(source, settings);
    warnOf(host, source, vouching);
    const given: Voucher[] =
      source.sha256 === undefined ? [] : [{ by: 'given sum', option: `${source.option}-sha256` }];
    if (!('list' in vouching)) {
      expected.push({ source, vouchers: given });
      continue;
    }
    const trusted = lists.get(vouching.list) ?? (await trustedList(host, cacheDir, vouching, patience));
    lists.set(vouching.list, trusted);
    const listed = { sha256: listedSum(trusted.list, source.option, source.uri), list: vouching.list };
    expected.push({ source: { ...source, listed }, vouchers: [...given, voucherOf(trusted)] });
  }
  const files: NetbootFile[] = [];
  for (const { source, vouchers } of expected) files.push(await fetched(host, cacheDir, source, vouchers, patience));
  return files;
}

/** The commands that {@link fetchNetbootFiles} would run, as far as they are known before anything is fetched. */
export function netbootCommands(
  cacheDir: string,
  sources: readonly NetbootSource[],
  settings: VerifySettings,
): Command[] {
  const checks = new Map<string, Command>();
  for (const source of sources) {
    const vouching = vouchingFor(source, settings);
    if (vouching.by === 'signed list') checks.set(vouching.list, signatureCheck(cacheDir, vouching));
  }
  return [...checks.values(), ...sources.flatMap((source) => fetchCommands(cacheDir, source))];
}

async function fetched(
  host: Host,
  cacheDir: string,
  source: NetbootSource,
  verified: readonly Voucher[],
  patience: Patience,
): Promise<NetbootFile> {
  const { path, outcome, bodyBytes, sha256, size } = await cacheNetbootFile(host, cacheDir, source, patience);
  host.log.info(outcome === 'unchanged' ? `${path} is up to date` : `${path}: ${outcome}, ${bodyBytes} bytes`);
  for (const voucher of verified) host.log.info(`${source.option}: ${verdict(voucher)}`);
  return { name: source.option, uri: maskUrls(source.uri), sha256, bytes: size, verified };
}

function voucherOf({ list: { uri }, signed }: TrustedList): Voucher {
  const list = maskUrls(uri);
  return signed ? { by: 'signed checksum list', list, ...signed } : { by: 'checksum list', list };
}

function verdict(voucher: Voucher): string {
  switch (voucher.by) {
    case 'given sum':
      return `has the sum that ${voucher.option} asks for`;
    case 'checksum list':
      return `has the sum in ${voucher.list}, which is not signed`;
    case 'signed checksum list':
      return `has the sum in ${voucher.list}, signed (${voucher.signature}) by ${voucher.fingerprint} of ${voucher.keyring}`;
  }
}

function warnOf(host: Host, source: NetbootSource, vouching: Vouching): void {
  const warn = (text: string) => host.log.warn(maskUrls(`NOT VERIFIED: ${source.option} ${source.uri}: ${text}`));
  if (vouching.by === 'nothing' && vouching.loud) warn(`${vouching.why}; ${vouching.fix}`);
  if (vouching.by === 'list' && source.sha256 === undefined && !comesUnchanged(vouching.list)) {
    warn(
      'its checksum list is not signed and may be changed on its way like the file; set checksums-signature and keyring',
    );
  }
}
