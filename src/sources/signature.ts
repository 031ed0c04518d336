import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { command, run, type Command, type Host } from '../host/host.js';

/** A text that somebody signed. */
export interface SignedText {
  readonly text: string;
  /** Of the key that signed it (its primary key), in hexadecimal digits. */
  readonly fingerprint: string;
}

/** What gpgv needs to know: who may sign, and where it may put its files. */
export interface Trust {
  /** An absolute path; keys in it, binary or with ASCII armour, are trusted, and no others. */
  readonly keyring: string;
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
  // Whoever puts a text before, behind or between signed ones wants it taken for signed.
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
  // Its exit code is 0 for an expired key, and 2 where only one of several signatures is by an unknown key.
  const { stdout, stderr } = await run(host, commandFor({ ...trust, keyring }), { accept: [0, 1, 2] });
  const hint = `Only the keys of ${trust.keyring} are trusted; the option 'keyring' names others.`;
  const wrong = (why: string) => new Failure(`checksums-signature: the signature ${uri} ${why}`, { hint });
  return signer(stdout, trust.keyring, wrong, stderr);
}

/**
 * Reads what gpgv says of each signature (GnuPG's doc/DETAILS, "General status codes"): one good one is enough, as for
 * apt, for archives sign with the keys of more than one release; one that does not fit the text is too many.
 */
function signer(status: string, keyring: string, wrong: (why: string) => Failure, said: string): string {
  const lines = [...status.matchAll(/^\[GNUPG:\] (\S+) ?(.*)$/gm)].map(([, code = '', rest = '']) => ({ code, rest }));
  const told = (code: string) => lines.find((line) => line.code === code)?.rest;
  const bad = told('BADSIG');
  if (bad !== undefined) throw wrong(`does not fit what it should sign: that has been changed (key ${bad})`);
  // VALIDSIG follows the verdict on its key; its last word is the primary key's fingerprint.
  const good = lines.find(({ code }, index) => code === 'VALIDSIG' && verdictBefore(lines, index) === 'GOODSIG');
  const fingerprint = good?.rest.split(' ').at(-1);
  if (fingerprint !== undefined) return fingerprint;
  for (const [code, why] of Object.entries(worthless)) {
    const key = told(code);
    if (key !== undefined) throw wrong(why(key, keyring));
  }
  throw wrong(`can't be read as a signature of that file${said ? `:\n${said}` : ''}`);
}

const verdicts = ['GOODSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'BADSIG', 'ERRSIG'];

function verdictBefore(lines: readonly { code: string }[], index: number): string | undefined {
  return lines.slice(0, index).findLast(({ code }) => verdicts.includes(code))?.code;
}

const worthless: Readonly<Record<string, (key: string, keyring: string) => string>> = {
  EXPKEYSIG: (key) => `is by a key that has expired: ${key}`,
  REVKEYSIG: (key) => `is by a key that was revoked: ${key}`,
  EXPSIG: (key) => `has itself expired (key ${key})`,
  NO_PUBKEY: (key, keyring) => `is by the key ${key}, which is not in ${keyring}`,
  ERRSIG: (key) => `is of a kind that is not trusted or not known (key ${key.split(' ')[0]})`,
};

/** gpgv reads no ASCII armour (RFC 9580, section 6), in which distributions publish their keys. */
async function binaryKeyring({ keyring, scratch }: Trust): Promise<string> {
  const content = await readFile(keyring).catch((error: Error) => {
    throw new Failure(`keyring: can't read ${keyring}: ${error.message}`);
  });
  const blocks = content.toString('latin1').matchAll(/^-----BEGIN PGP PUBLIC KEY BLOCK-----$([^]*?)^-----END /gm);
  const keys = [...blocks].map(([, block = '']) => {
    const body = block.replace(/\r/g, '').replace(/^\n?(?:[^\n]*: [^\n]*\n)*\n/, '');
    return Buffer.from(body.replace(/^=.{4}$/gm, ''), 'base64');
  });
  if (keys.length === 0) return keyring;
  const file = join(scratch, 'keyring.gpg');
  await writeFile(file, Buffer.concat(keys));
  return file;
}
