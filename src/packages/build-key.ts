import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, insistently, run, type Host } from '../host/host.js';

/** A key that signs one repository of one build, and is forgotten. */
export interface BuildKey {
  /** The file of the public key, as gpgv and apt read it. Every user can read it, also one of a namespace. */
  readonly keyring: string;
  /** The same as text, as rpm reads it. */
  readonly text: string;
  /** @returns the text with its signature, as in an InRelease */
  sign(text: string): Promise<string>;
  /** @returns the signature alone, as in a Release.gpg */
  signature(text: string): Promise<string>;
}

/** Makes a key, which is removed in the end. The path of its directory is short: gpg-agent's socket lies in it. */
export async function makeBuildKey(host: Host): Promise<BuildKey> {
  const home = await mkdtemp(join(tmpdir(), 'if-key-'));
  await chmod(home, 0o700);
  host.release.hold('the key of the build', async () => {
    await run(insistently(host), command('gpgconf', ['--homedir', home, '--kill', 'all']), { accept: [1, 2] });
    await rm(home, { recursive: true, force: true });
  });
  const gpg = (words: readonly string[], input?: string) =>
    run(
      host,
      command('gpg', ['--homedir', home, '--batch', '--quiet', ...words], input === undefined ? {} : { input }),
    );
  await gpg([
    '--passphrase',
    '',
    '--quick-generate-key',
    'image-factory: repository of one build',
    'ed25519',
    'sign',
    'never',
  ]);
  const shown = await mkdtemp(join(tmpdir(), 'if-keyring-'));
  await chmod(shown, 0o755);
  host.release.hold('the public key of the build', () => rm(shown, { recursive: true, force: true }));
  const keyring = join(shown, 'repository.gpg');
  await gpg(['--output', keyring, '--export']);
  await chmod(keyring, 0o644);
  const exported = (await gpg(['--armor', '--export'])).stdout;
  const text = join(home, 'text');
  const signed = async (words: readonly string[], content: string) => {
    await writeFile(text, content);
    return `${(await gpg([...words, '--output', '-', text])).stdout}\n`;
  };
  return {
    keyring,
    text: `${exported}\n`,
    sign: (content) => signed(['--digest-algo', 'SHA512', '--clearsign'], content),
    signature: (content) => signed(['--digest-algo', 'SHA512', '--armor', '--detach-sign'], content),
  };
}
