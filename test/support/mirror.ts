import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** How a key signs, beside a plain detached signature. */
interface Signing {
  /** `detach-sign`, `clearsign` or `sign` (an OpenPGP message that holds its text). */
  readonly as?: 'detach-sign' | 'clearsign' | 'sign';
  readonly options?: readonly string[];
}

/** A GnuPG home of its own with keys made for a test. `close` ends its agent and removes it. */
export class SigningKeys {
  // In /tmp, because the path of the agent's socket may have no more than 107 bytes.
  readonly #home = mkdtempSync(join(tmpdir(), 'gpg-'));

  /** @param options of gpg, such as a `--faked-system-time` */
  make(name: string, validity = 'never', options: readonly string[] = []): void {
    this.#gpg([...options, '--quick-generate-key', address(name), 'ed25519', 'sign', validity]);
  }

  /** @returns the file with the public keys */
  keyring(names: readonly string[], { armour = false } = {}): string {
    const file = join(this.#home, `${names.join('-')}.${armour ? 'asc' : 'gpg'}`);
    writeFileSync(file, this.#gpg([...(armour ? ['--armor'] : []), '--export', ...names.map(address)]));
    return file;
  }

  fingerprint(name: string): string {
    const listed = this.#gpg(['--with-colons', '--list-keys', address(name)]).toString();
    return /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? '';
  }

  sign(text: string | Buffer, names: readonly string[], { as = 'detach-sign', options = [] }: Signing = {}): Buffer {
    const file = join(this.#home, 'text');
    writeFileSync(file, text);
    const users = names.flatMap((name) => ['--local-user', address(name)]);
    return this.#gpg([...options, ...users, '--output', '-', `--${as}`, file]);
  }

  /** A key that is revoked from now on. */
  revoke(name: string): void {
    const certificate = join(this.#home, 'openpgp-revocs.d', `${this.fingerprint(name)}.rev`);
    const armed = readFileSync(certificate, 'utf8').replace(/^:(?=-----BEGIN)/m, '');
    writeFileSync(certificate, armed);
    this.#gpg(['--import', certificate]);
  }

  close(): void {
    execFileSync('gpgconf', ['--homedir', this.#home, '--kill', 'all']);
    rmSync(this.#home, { recursive: true, force: true });
  }

  #gpg(args: readonly string[]): Buffer {
    const quiet = ['--homedir', this.#home, '--batch', '--quiet', '--no-tty', '--passphrase', ''];
    return execFileSync('gpg', [...quiet, '--pinentry-mode', 'loopback', ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }
}

function address(name: string): string {
  return `${name}@example.org`;
}

/** A mirror on the loopback interface. */
export interface FileMirror {
  readonly url: string;
  /** By path: `/debian/linux`. */
  readonly files: Map<string, Buffer | string>;
  /** `200 /debian/linux`, one for each request since they were read last. */
  answers(): string[];
  close(): Promise<void>;
}

export async function fileMirror(files: Record<string, Buffer | string> = {}): Promise<FileMirror> {
  const content = new Map(Object.entries(files));
  const answers: string[] = [];
  const server = http.createServer((request, response) => {
    const path = request.url ?? '';
    const body = content.get(path);
    const etag = body === undefined ? '' : `"${sha256(body).slice(0, 16)}"`;
    const status = body === undefined ? 404 : request.headers['if-none-match'] === etag ? 304 : 200;
    answers.push(`${status} ${path}`);
    response.writeHead(status, { etag }).end(status === 200 ? body : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files: content,
    answers: () => answers.splice(0),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
