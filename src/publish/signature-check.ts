import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { gpgSignatures, soleGood, withoutArmour } from '../host/gpg.js';
import { command, run, type Command, type Caller } from '../host/host.js';
import { withScratchDirectory } from '../host/scratch-directory.js';
import { sshNamespace } from './signature.js';

/** Whose signatures count. */
export interface TrustedKeys {
  /**
   * Files of OpenPGP keys, as gpg exports them, binary or armored; a key of any of them counts. Undefined:
   * `trustedkeys.kbx` of the user's (gpgv(1)).
   */
  readonly keyrings?: readonly string[] | undefined;
  /** Files of ssh keys: ALLOWED SIGNERS in ssh-keygen(1). */
  readonly allowedSigners?: readonly string[] | undefined;
}

/** Who made a signature, or why it counts for nothing. */
export type Verdict =
  { readonly good: true; readonly signer: string } | { readonly good: false; readonly reason: string };

/** Checks a detached OpenPGP signature with gpgv. Signatures of expired and revoked keys are not good. */
export async function checkGpg(host: Caller, file: string, signature: string, keys: TrustedKeys): Promise<Verdict> {
  return withScratchDirectory('verify', async (scratch) => {
    const keyrings = await Promise.all((keys.keyrings ?? []).map((keyring, at) => unarmored(keyring, scratch, at)));
    const { stdout, stderr } = await run(host, gpgvCommand(file, signature, keyrings), { accept: [1, 2] });
    const good = soleGood(gpgSignatures(stdout));
    if (good !== undefined) return { good: true, signer: `${good.user} (${good.fingerprints.key})` };
    return { good: false, reason: lastWords(stderr) };
  });
}

async function unarmored(keyring: string, directory: string, at: number): Promise<string> {
  const copy = join(directory, `keyring-${at}`);
  await writeFile(copy, withoutArmour(await readFile(keyring)));
  return copy;
}

function gpgvCommand(file: string, signature: string, keyrings: readonly string[]): Command {
  const from = keyrings.flatMap((keyring) => ['--keyring', keyring]);
  return command('gpgv', ['--status-fd', '1', ...from, '--', signature, file]);
}

/** Checks a detached ssh signature with ssh-keygen. */
export async function checkSsh(host: Caller, file: string, signature: string, keys: TrustedKeys): Promise<Verdict> {
  const { allowedSigners: named } = keys;
  if (named === undefined) throw new Error('there are no allowed signers to ask');
  const called = (args: readonly string[], input: string) => run(host, command('ssh-keygen', args, { input }));
  try {
    return await withScratchDirectory('verify', async (scratch) => {
      const signers = await Promise.all(named.map((name) => readFile(name, 'utf8')));
      const allowedSigners = join(scratch, 'allowed-signers');
      await writeFile(allowedSigners, signers.join('\n'));
      const allowed = ['-f', allowedSigners, '-s', signature, '-n', sshNamespace];
      const text = await readFile(file, 'utf8');
      const { stdout } = await called(['-Y', 'find-principals', ...allowed], '');
      const [principal = ''] = stdout.split('\n');
      await called(['-Y', 'verify', ...allowed, '-I', principal], text);
      return { good: true, signer: principal };
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { good: false, reason: lastWords(error.message) };
  }
}

function lastWords(text: string): string {
  return (
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .at(-1) ?? 'there is no signature in it'
  );
}
