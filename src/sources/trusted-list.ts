import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '../config/source.js';
import { Failure } from '../host/failure.js';
import { withFileLock } from '../host/file-lock.js';
import type { Command, Host } from '../host/host.js';
import { listedSum, readChecksumList, type ChecksumList } from './checksum-list.js';
import type { Patience } from './http-client.js';
import { directoryOf, imageDirectory, type NetbootCache } from './cache-directory.js';
import { cachePlace, noteUse } from './cache-record.js';
import { makeCacheDirectory, withNetbootFile } from './netboot-cache.js';
import type { NetbootSource } from './netboot-source.js';
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
export function signatureCheck(cache: NetbootCache, { list, signature, keyring }: SignedListPlace): Command {
  const trust: Trust = { keyring: keyringPath(cache, keyring), scratch: scratchDirectory(cache) };
  const holdsItsText = signature.uri === list.uri || signature.name === 'InRelease';
  return holdsItsText ? clearSignedCommand(trust) : detachedCommand(trust);
}

function scratchDirectory(cache: NetbootCache): string {
  return join(imageDirectory(cache), '.verify.new');
}

/** In bytes. Debian's lists have some 100 kB, openSUSE's less than 1 MB. */
const LARGEST_LIST = 8 * 1024 * 1024;

/**
 * Fetches a checksum list, and its signature, into the netboot cache, and checks the signature. Unchanged files cost one
 * conditional request each; their signatures are checked each time.
 *
 * @throws Failure where they can't be fetched, or where the signature is not good
 */
export async function trustedList(
  host: Host,
  cache: NetbootCache,
  vouching: Extract<Vouching, { list: Source }>,
  patience: Patience,
): Promise<TrustedList> {
  const directory = imageDirectory(cache);
  makeCacheDirectory(directory);
  // Another build of the image must not use the scratch directory at the same time.
  return withFileLock(host, join(directory, '.verify.lock'), `the checksum lists of ${cache.image}`, async () => {
    const fetched = fetcher(host, cache, patience);
    if (vouching.by === 'signed list') return signedList(host, cache, vouching, fetched);
    const onlyByTls = comesUnchanged(vouching.list);
    const file = await fetched({ option: 'checksums', from: vouching.list, onlyByTls });
    return { list: readChecksumList(vouching.list, file.toString('utf8')) };
  });
}

/** A keyring of this machine, or where the cache has one that comes from elsewhere. */
function keyringPath(cache: NetbootCache, keyring: Source): string {
  return keyring.by === 'copy' ? keyring.path : join(directoryOf(cache, keyring), keyring.name);
}

type Fetcher = (source: NetbootSource) => Promise<Buffer>;

function fetcher(host: Host, cache: NetbootCache, patience: Patience): Fetcher {
  return async (source) => {
    const directory = directoryOf(cache, source.from);
    return withNetbootFile(host, directory, { ...source, maxBytes: LARGEST_LIST }, patience, async ({ path }) => {
      await noteUse(cachePlace(directory, source.from.name), cache.image);
      return readFile(path);
    });
  };
}

async function signedList(
  host: Host,
  cache: NetbootCache,
  { list, signature, keyring, signers }: SignedListPlace,
  fetched: Fetcher,
): Promise<TrustedList> {
  if (keyring.by !== 'copy') await fetched({ option: 'keyring', from: keyring });
  const trust: Trust = { keyring: keyringPath(cache, keyring), scratch: scratchDirectory(cache), signers };
  const signatureName = signature.shown;
  const holdsList = signature.uri === list.uri;
  const option = holdsList ? 'checksums' : 'checksums-signature';
  const signatureFile = await fetched({ option, from: signature });
  const trusted = (text: string, fingerprint: string): TrustedList => ({
    list: readChecksumList(list, text),
    signed: { signature: signatureName, fingerprint, keyring: keyring.by === 'copy' ? keyring.path : keyring.shown },
  });
  if (!isClearSigned(signatureFile)) {
    if (holdsList) {
      throw new Failure(`checksums: ${signatureName} is not signed`, {
        hint: 'Set checksums-signature to its signature, or unset keyring.',
      });
    }
    const file = await fetched({ option: 'checksums', from: list });
    const { text, fingerprint } = await verifyDetached(host, signatureName, file, signatureFile, trust);
    return trusted(text, fingerprint);
  }
  const { text, fingerprint } = await verifyClearSigned(host, signatureName, signatureFile, trust);
  if (!isReleaseFile(text)) return trusted(text, fingerprint);
  const sha256 = listedSum(readReleaseFile(signature, text), 'checksums', list);
  const file = await fetched({ option: 'checksums', from: list, listed: { sha256, list: signatureName } });
  return trusted(file.toString('utf8'), fingerprint);
}
