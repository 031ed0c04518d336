import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeEnvironment } from './host.js';

/** When keys are made, in seconds since 1970: an hour ago, so that one can have expired. */
const made = Math.floor(Date.now() / 1000) - 3600;

/** What lets gpg take another time for now. */
const at = (seconds: number) => ['--faked-system-time', String(seconds)];

/** A home directory of GnuPG for tests, with an agent that can ask nobody; gpg uses it until it is removed. */
export class GpgHome {
  readonly #restore: () => void;

  constructor(readonly directory: string) {
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(join(directory, 'gpg-agent.conf'), 'pinentry-program /bin/false\n');
    this.#restore = changeEnvironment({ GNUPGHOME: directory });
  }

  /** @returns the fingerprint of a new key, whose passphrase the agent does not keep */
  makeKey(userId: string, passphrase = ''): string {
    this.#gpg([...at(made), '--passphrase', passphrase, '--quick-gen-key', userId, 'ed25519', 'sign', 'never']);
    execFileSync('gpgconf', ['--reload', 'gpg-agent']);
    const listed = this.#gpg(['--with-colons', '--list-keys', `=${userId}`]);
    return /^fpr:+([0-9A-F]+):$/m.exec(listed)?.[1] ?? '';
  }

  /** @returns a keyring of one public key */
  export(form: 'binary' | 'armor', key: string): string {
    const file = join(this.directory, `${key}.${form}`);
    this.#gpg([...(form === 'armor' ? ['--armor'] : []), '--yes', '--output', file, '--export', key]);
    return file;
  }

  /** Lets a key have expired a minute after it was made. */
  expire(key: string): void {
    this.#gpg([...at(made + 1), '--quick-set-expire', key, 'seconds=60']);
  }

  revoke(key: string): void {
    const certificate = readFileSync(join(this.directory, 'openpgp-revocs.d', `${key}.rev`), 'utf8');
    this.#gpg(['--import'], certificate.replace(/^:-----BEGIN/m, '-----BEGIN'));
  }

  remove(): void {
    execFileSync('gpgconf', ['--kill', 'all']);
    this.#restore();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #gpg(args: readonly string[], input = ''): string {
    const options = ['--batch', '--quiet', '--pinentry-mode', 'loopback'];
    return execFileSync('gpg', [...options, ...args], { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
  }
}

/** Makes an ssh key. */
export function sshKey(file: string, passphrase = ''): { readonly file: string; readonly public: string } {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', 'test', '-f', file]);
  return { file, public: readFileSync(`${file}.pub`, 'utf8').trim() };
}
