import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { withFileLock } from '../host/file-lock.js';
import type { Command, Host } from '../host/host.js';
import { maskUrls } from '../host/mask.js';
import { listedSum, readChecksumList, type ChecksumList } from './checksum-list.js';
import type { Patience } from './http-client.js';
import { cacheNetbootFile, makeCacheDirectory } from './netboot-cache.js';
import { cachedName, type NetbootSource } from './netboot-source.js';
import { isReleaseFile, readReleaseFile } from './release-file.js';
import {
  clearSignedCommand,
  detachedCommand,
  isClearSigned,
  verifyClearSigned,
  verifyDetached,
  type Trust,
} from './signature.js';
import { comesUnchanged, type SignedListPlace, type Vouching } from './vouching.js';

/** A checksum list, and what makes it worth believing. */
export interface TrustedList {
  readonly list: ChecksumList;
  readonly signed?: {
    /** Where the signature came from, passwords masked. */
    readonly signature: string;
    readonly fingerprint: string;
    readonly keyring: string;
  };
}

/** The command that {@link trustedList} would run, as far as the name of the signature tells its kind. */
export function signatureCheck(cacheDir: string, { list, signature, keyring }: SignedListPlace): Command {
  const trust: Trust = { keyring, scratch: scratchDirectory(cacheDir) };
  const holdsItsText = signature === list || cachedName(signature) === 'InRelease';
  return holdsItsText ? clearSignedCommand(trust) : detachedCommand(trust);
}

function scratchDirectory(cacheDir: string): string {
  return join(cacheDir, '.verify.new');
}

/** In bytes. Debian's lists have some 100 kB, openSUSE's less than 1 MB. */
const LARGEST_LIST = 8 * 1024 * 1024;

/**
 * Fetches a checksum list, and its signature, into the netboot cache, and checks the signature. Unchanged files cost one
 * conditional request each; their signatures are checked each time.
 *
 * @param cacheDir the image's own directory in the netboot cache
 * @throws Failure where they can't be fetched, or where the signature is not good
 */
export async function trustedList(
  host: Host,
  cacheDir: string,
  vouching: Extract<Vouching, { list: string }>,
  patience: Patience,
): Promise<TrustedList> {
  await makeCacheDirectory(cacheDir);
  // Another build of the image must not put other files in the place of those that are being checked.
  return withFileLock(host, join(cacheDir, '.verify.lock'), `the checksum lists in ${cacheDir}`, async () => {
    const fetched = fetcher(host, cacheDir, patience);
    if (vouching.by === 'signed list') return signedList(host, scratchDirectory(cacheDir), vouching, fetched);
    const onlyByTls = comesUnchanged(vouching.list);
    const file = await fetched({ option: 'checksums', uri: vouching.list, onlyByTls });
    return { list: readChecksumList(vouching.list, file.toString('utf8')) };
  });
}

type Fetcher = (source: NetbootSource) => Promise<Buffer>;

/** Lists lie in directories of their own, so that neither their names meet nor virt-install takes them for its own. */
function fetcher(host: Host, cacheDir: string, patience: Patience): Fetcher {
  return async (source) => {
    const bounded = { ...source, maxBytes: LARGEST_LIST };
    return readFile((await cacheNetbootFile(host, join(cacheDir, source.option), bounded, patience)).path);
  };
}

async function signedList(
  host: Host,
  scratch: string,
  { list, signature, keyring }: SignedListPlace,
  fetched: Fetcher,
): Promise<TrustedList> {
  const trust: Trust = { keyring, scratch };
  const signatureName = maskUrls(signature);
  const option = signature === list ? 'checksums' : 'checksums-signature';
  const signatureFile = await fetched({ option, uri: signature });
  const trusted = (text: string, fingerprint: string): TrustedList => ({
    list: readChecksumList(list, text),
    signed: { signature: signatureName, fingerprint, keyring },
  });
  if (!isClearSigned(signatureFile)) {
    if (signature === list) {
      throw new Failure(`checksums: ${signatureName} is not signed`, {
        hint: 'Name its signature by checksums-signature, or unset keyring.',
      });
    }
    const file = await fetched({ option: 'checksums', uri: list });
    const { text, fingerprint } = await verifyDetached(host, signatureName, file, signatureFile, trust);
    return trusted(text, fingerprint);
  }
  const { text, fingerprint } = await verifyClearSigned(host, signatureName, signatureFile, trust);
  if (!isReleaseFile(text)) return trusted(text, fingerprint);
  const sha256 = listedSum(readReleaseFile(signature, text), 'checksums', list);
  const file = await fetched({ option: 'checksums', uri: list, listed: { sha256, list: signature } });
  return trusted(file.toString('utf8'), fingerprint);
}
