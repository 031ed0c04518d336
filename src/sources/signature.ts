import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { anyGood, gpgSignatures, withoutArmour, type GpgSignature } from '../host/gpg.js';
import { command, run, type Command, type Host } from '../host/host.js';

/** A text with a good signature. */
export interface SignedText {
  readonly text: string;
  /** Of the key that signed it (its primary key), in hexadecimal digits. */
  readonly fingerprint: string;
}

/** What gpgv needs to know: who may sign, and where it may put its files. */
export interface Trust {
  /** An absolute path; keys in it, binary or with ASCII armour, are trusted, and no others. */
  readonly keyring: string;
  /** Fingerprints of those of the keys that count; undefined: all. */
  readonly signers?: readonly string[] | undefined;
  /** A directory that is made and removed again. */
  readonly scratch: string;
}

const clearSigned = '-----BEGIN PGP SIGNED MESSAGE-----';

/** Whether a file holds the text that it signs, as InRelease does. */
export function isClearSigned(file: Buffer): boolean {
  return file.subarray(0, clearSigned.length).equals(Buffer.from(clearSigned));
}

/**
 * The text that is signed in a file like InRelease.
 *
 * @param uri where the file came from, for messages
 * @throws Failure unless one of the keyring's keys signed it, is neither expired nor revoked, and the text is unchanged
 */
export async function verifyClearSigned(host: Host, uri: string, file: Buffer, trust: Trust): Promise<SignedText> {
  // Text before, after or between signed texts is not signed, so it must not be accepted.
  const lines = file.toString('latin1').trimEnd().split(/\r?\n/);
  const armour = lines.filter((line) => /^-----(BEGIN|END) PGP /.test(line));
  const isWhole = armour.length === 3 && lines[0] === clearSigned && lines.at(-1) === '-----END PGP SIGNATURE-----';
  if (!isWhole) throw new Failure(`checksums-signature: ${uri} is not one signed text from its beginning to its end`);
  return inScratch(trust, async () => {
    await writeFile(signatureIn(trust), file);
    const fingerprint = await goodSigner(host, uri, trust, clearSignedCommand);
    return { text: await readFile(textIn(trust), 'utf8'), fingerprint };
  });
}

/**
 * A text, once its detached signature was found good.
 *
 * @param uri where the signature came from, for messages
 * @throws Failure as {@link verifyClearSigned}
 */
export async function verifyDetached(
  host: Host,
  uri: string,
  data: Buffer,
  signature: Buffer,
  trust: Trust,
): Promise<SignedText> {
  return inScratch(trust, async () => {
    await writeFile(signatureIn(trust), signature);
    await writeFile(textIn(trust), data);
    return { text: data.toString('utf8'), fingerprint: await goodSigner(host, uri, trust, detachedCommand) };
  });
}

/** The command that {@link verifyClearSigned} runs. */
export function clearSignedCommand(trust: Trust): Command {
  return gpgv(trust, ['--output', textIn(trust), signatureIn(trust)]);
}

/** The command that {@link verifyDetached} runs. */
export function detachedCommand(trust: Trust): Command {
  return gpgv(trust, [signatureIn(trust), textIn(trust)]);
}

function gpgv({ keyring, scratch }: Trust, files: readonly string[]): Command {
  // Without a home of its own, gpgv would look for more keys in that of the user.
  const options = ['--status-fd', '1', '--homedir', scratch, '--weak-digest', 'SHA1', '--keyring', keyring];
  return command('gpgv', [...options, ...files]);
}

function signatureIn({ scratch }: Trust): string {
  return join(scratch, 'signature');
}

function textIn({ scratch }: Trust): string {
  return join(scratch, 'text');
}

async function inScratch<T>({ scratch }: Trust, action: () => Promise<T>): Promise<T> {
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
  try {
    return await action();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** @returns the fingerprint of a key that signed well */
async function goodSigner(
  host: Host,
  uri: string,
  trust: Trust,
  commandFor: (trust: Trust) => Command,
): Promise<string> {
  const keyring = await binaryKeyring(trust);
  const { stdout, stderr } = await run(host, commandFor({ ...trust, keyring }), { accept: [0, 1, 2] });
  const signatures = gpgSignatures(stdout);
  const good = anyGood(signatures, trust.signers);
  const { signers } = trust;
  if (good !== undefined && (signers === undefined || signers.includes(good.fingerprints.primaryKey))) {
    return good.fingerprints.primaryKey;
  }
  if (good !== undefined) {
    throw new Failure(
      `checksums-signature: the signature ${uri} is by the key ${good.fingerprints.primaryKey} ${good.user}, which is not one of signed-by`,
      { hint: `If the distribution has a new key that you trust, set signed-by to its fingerprint.` },
    );
  }
  throw new Failure(`checksums-signature: the signature ${uri} ${whyNone(signatures, trust.keyring, stderr)}`, {
    hint: `Only the keys of ${trust.keyring} are trusted; name others with the option 'keyring'.`,
  });
}

/** Why no signature counts, the worst that was found first. */
function whyNone(signatures: readonly GpgSignature[], keyring: string, said: string): string {
  for (const [why, isSo] of reasons) {
    const found = signatures.find(isSo);
    if (found !== undefined) return why(found, keyring);
  }
  return `can't be read as a signature of that file${said ? `:\n${said}` : ''}`;
}

const reasons: readonly [(found: GpgSignature, keyring: string) => string, (one: GpgSignature) => boolean][] = [
  [
    ({ key, user }) => `does not match the file that it signs: the file was modified (key ${key} ${user})`,
    ({ verdict }) => verdict === 'BADSIG',
  ],
  [({ key, user }) => `is by a key that has expired: ${key} ${user}`, ({ verdict }) => verdict === 'EXPKEYSIG'],
  [({ key, user }) => `is by a key that was revoked: ${key} ${user}`, ({ verdict }) => verdict === 'REVKEYSIG'],
  [({ key, user }) => `has itself expired (key ${key} ${user})`, ({ verdict }) => verdict === 'EXPSIG'],
  [({ key }, keyring) => `is by the key ${key}, which is not in ${keyring}`, ({ keyIsMissing }) => keyIsMissing],
  [({ key }) => `is of a kind that is not trusted or not known (key ${key})`, ({ verdict }) => verdict === 'ERRSIG'],
];

async function binaryKeyring({ keyring, scratch }: Trust): Promise<string> {
  const content = await readFile(keyring).catch((error: unknown) => {
    throw new Failure(`keyring: can't read ${keyring}: ${reasonOf(error)}`);
  });
  const file = join(scratch, 'keyring.gpg');
  await writeFile(file, withoutArmour(content));
  return file;
}
