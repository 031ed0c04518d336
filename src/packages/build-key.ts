import { chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimDirectory } from '../host/abandoned-directories.js';
import { command, insistently, run, type Host } from '../host/host.js';

/** Whom the key names. Templates go by it to find the key in an installed system. */
const keyOwner = 'image-factory: repository of one build';

/** A key that signs one repository of one build, and is forgotten. */
export interface BuildKey {
  /** The file of the public key, as gpgv and apt read it. Every user can read it, also one of a namespace. */
  readonly keyring: string;
  /** The same as text, as rpm reads it. */
  readonly text: string;
  /** 40 hexadecimal digits in capitals. */
  readonly fingerprint: string;
  /** @returns the text with its signature, as in an InRelease */
  sign(text: string): Promise<string>;
  /** @returns the signature alone, as in a Release.gpg */
  signature(text: string): Promise<string>;
}

/** What a signature is made with: apt and gpgv read all of them, rpm before 4.16 only RSA. */
export type KeyAlgorithm = 'ed25519' | 'rsa3072';

/** Makes a key, which is removed in the end. The path of its directory is short: gpg-agent's socket lies in it. */
export async function makeBuildKey(host: Host, algorithm: KeyAlgorithm = 'ed25519'): Promise<BuildKey> {
  const { path: home } = await claimDirectory(host, {
    ...{ start: join(tmpdir(), 'if-key-'), what: 'the key of the build' },
    async beforeRemoval(path) {
      await run(insistently(host), command('gpgconf', ['--homedir', path, '--kill', 'all']), { accept: [1, 2] });
    },
  });
  const gpg = (words: readonly string[], input?: string) =>
    run(
      host,
      command('gpg', ['--homedir', home, '--batch', '--quiet', ...words], input === undefined ? {} : { input }),
    );
  await gpg(['--passphrase', '', '--quick-generate-key', keyOwner, algorithm, 'sign', 'never']);
  const shows = { start: join(tmpdir(), 'if-keyring-'), what: 'the public key of the build' };
  const { path: shown } = await claimDirectory(host, shows);
  await chmod(shown, 0o755);
  const keyring = join(shown, 'repository.gpg');
  await gpg(['--output', keyring, '--export']);
  await chmod(keyring, 0o644);
  const exported = (await gpg(['--armor', '--export'])).stdout;
  const listed = (await gpg(['--with-colons', '--list-keys'])).stdout;
  const [, fingerprint = ''] = /^fpr:+([0-9A-F]{40}):/m.exec(listed) ?? [];
  const text = join(home, 'text');
  const signed = async (words: readonly string[], content: string) => {
    await writeFile(text, content);
    return `${(await gpg([...words, '--output', '-', text])).stdout}\n`;
  };
  return {
    keyring,
    text: `${exported}\n`,
    fingerprint,
    sign: (content) => signed(['--digest-algo', 'SHA512', '--clearsign'], content),
    signature: (content) => signed(['--digest-algo', 'SHA512', '--armor', '--detach-sign'], content),
  };
}
