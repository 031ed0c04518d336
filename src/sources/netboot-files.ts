import { join } from 'node:path';
import type { Command, Host } from '../host/host.js';
import { listedSum } from './checksum-list.js';
import { defaultPatience, type Patience } from './http-client.js';
import { adoptOlder, directoryOf, linkForImage, type NetbootCache } from './cache-directory.js';
import { takeFromArchive } from './netboot-archive.js';
import { pinFile } from './linked-file.js';
import { fetchCommands, withNetbootFile } from './netboot-cache.js';
import type { NetbootSource } from './netboot-source.js';
import { signatureCheck, trustedList, type TrustedList } from './trusted-list.js';
import { checkVerification, comesUnchanged, vouchingFor, type VerifySettings, type Vouching } from './vouching.js';

/** A file that an installation begins with, and what vouches for it. Plain data. */
export interface NetbootFile {
  /** The option that names it: `linux`, `initrd` or `installer_image`. */
  readonly name: string;
  /** Where it came from, passwords masked. */
  readonly uri: string;
  /** Of what the installation begins with: the pinned file, where there is one. */
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
  /** The package lock of the image. */
  | { readonly by: 'package lock'; readonly lock: string }
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
 * @param pinTo a directory that gets the files as well, under their names and as they were verified, whatever becomes of the
 *   cache afterwards; undefined: only the cache is filled
 * @throws UsageError where it shows beforehand that a file can't be verified though it must be
 * @throws Failure where a file can't be got, or lacks the sum that it should have; what was in the cache stays
 */
export async function fetchNetbootFiles(
  host: Host,
  cache: NetbootCache,
  pinTo: string | undefined,
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
    const { list } = vouching;
    const trusted = lists.get(list.uri) ?? (await trustedList(host, cache, vouching, patience));
    lists.set(list.uri, trusted);
    const listed = { sha256: listedSum(trusted.list, source.option, source.from), list: list.shown };
    expected.push({ source: { ...source, listed }, vouchers: [...given, voucherOf(trusted)] });
  }
  const files: NetbootFile[] = [];
  for (const { source, vouchers } of expected) {
    const file = await fetched(host, cache, pinTo, source, vouchers, patience);
    files.push(file);
    if (source.holds !== undefined && pinTo !== undefined) files.push(...(await taken(host, pinTo, source, file)));
  }
  return files;
}

/** The commands that {@link fetchNetbootFiles} would run, as far as they are known before anything is fetched. */
export function netbootCommands(
  cache: NetbootCache,
  sources: readonly NetbootSource[],
  settings: VerifySettings,
): Command[] {
  const checks = new Map<string, Command>();
  for (const source of sources) {
    const vouching = vouchingFor(source, settings);
    if (vouching.by === 'signed list') checks.set(vouching.list.uri, signatureCheck(cache, vouching));
  }
  return [...checks.values(), ...sources.flatMap((source) => fetchCommands(directoryOf(cache, source.from), source))];
}

async function fetched(
  host: Host,
  cache: NetbootCache,
  pinTo: string | undefined,
  source: NetbootSource,
  verified: readonly Voucher[],
  patience: Patience,
): Promise<NetbootFile> {
  const { option, from } = source;
  await adoptOlder(cache, from);
  return withNetbootFile(host, directoryOf(cache, from), source, patience, async (file) => {
    const { path, outcome, bodyBytes, sha256, size } = file;
    host.log.info(
      outcome === 'unchanged' ? `${from.shown} is up to date` : `${from.shown}: ${outcome}, ${bodyBytes} bytes`,
    );
    for (const voucher of verified) host.log.info(`${option}: ${verdict(voucher)}`);
    await linkForImage(cache, path, from.name);
    if (pinTo !== undefined) await pinFile(host, path, join(pinTo, from.name), sha256);
    return { name: option, uri: from.shown, sha256, bytes: size, verified };
  });
}

/** Kernel and initrd of an archive: what vouches for it vouches for them. */
async function taken(
  host: Host,
  pinTo: string,
  { from, holds }: NetbootSource,
  { uri, verified }: NetbootFile,
): Promise<NetbootFile[]> {
  const archive = join(pinTo, from.name);
  const files = await takeFromArchive(host, { archive, name: from.shown, holds: holds!, to: pinTo });
  return files.map(({ option, path, sha256, bytes }) => {
    host.log.info(`${option}: ${path} of ${from.name}, ${bytes} bytes`);
    return { name: option, uri: `${uri}#${path}`, sha256, bytes, verified };
  });
}

function voucherOf({ list: { source }, signed }: TrustedList): Voucher {
  const list = source.shown;
  return signed ? { by: 'signed checksum list', list, ...signed } : { by: 'checksum list', list };
}

function verdict(voucher: Voucher): string {
  switch (voucher.by) {
    case 'given sum':
      return `has the sum in ${voucher.option}`;
    case 'package lock':
      return `has the sum in ${voucher.lock}`;
    case 'checksum list':
      return `has the sum in ${voucher.list}, which is not signed`;
    case 'signed checksum list':
      return `has the sum in ${voucher.list}, signed (${voucher.signature}) by ${voucher.fingerprint} of ${voucher.keyring}`;
  }
}

function warnOf(host: Host, source: NetbootSource, vouching: Vouching): void {
  const warn = (text: string) => host.log.warn(`NOT VERIFIED: ${source.option} ${source.from.shown}: ${text}`);
  if (vouching.by === 'nothing' && vouching.loud) warn(`${vouching.why}; ${vouching.fix}`);
  if (vouching.by === 'list' && source.sha256 === undefined && !comesUnchanged(vouching.list)) {
    warn(
      'its checksum list is not signed and could be modified in transit like the file; set checksums-signature and keyring',
    );
  }
}
