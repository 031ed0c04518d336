import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { homeDirectory } from '../host/home-directory.js';
import { quote } from 'shlex';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { Failure } from '../host/failure.js';
import { command, run, type Command, type Caller } from '../host/host.js';
import { serverName, type SftpServer } from '../config/sftp-server.js';

type Server = Pick<SftpServer, 'host' | 'port'>;

export interface HostKey {
  readonly type: string;
  /** The public key as SSH sends it (RFC 4253, section 6.6). */
  readonly blob: Buffer;
}

/** What the known_hosts files say of one server. */
export interface KnownHostKeys {
  readonly server: Server;
  /** The files that were asked; the first is where a new key is best written. */
  readonly files: readonly string[];
  readonly trusted: readonly HostKey[];
  readonly revoked: readonly HostKey[];
}

/** Signature algorithms by type of host key; RSA with SHA-1 is left out as OpenSSH 8.8 and later do. */
const algorithmsOf: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/**
 * Looks a server up in its known_hosts files.
 *
 * @param file the only file to ask; without it, the user's and the machine's, where they exist
 * @throws Failure when the named file can't be read
 */
export async function knownHostKeys(host: Caller, server: Server, file?: string): Promise<KnownHostKeys> {
  const files = filesToAsk(file);
  const keys: (HostKey & { marker: string | undefined })[] = [];
  for (const asked of files) {
    if (file === undefined && !existsSync(asked)) continue;
    // Exit code 1: not found in this file.
    const found = await run(host, lookup(server, asked), { accept: [0, 1] });
    keys.push(...found.stdout.split('\n').flatMap(parseLine));
  }
  const revoked = keys.filter(({ marker }) => marker === '@revoked');
  const trusted = keys.filter((key) => key.marker === undefined && key.type in algorithmsOf && !among(revoked, key));
  return { server, files, trusted, revoked };
}

/** The commands that look a server up. */
export function lookupCommands(server: Server, file?: string): Command[] {
  return filesToAsk(file).map((asked) => lookup(server, asked));
}

function filesToAsk(file: string | undefined): string[] {
  if (file !== undefined) return [file];
  const home = homeDirectory();
  return [...(home === undefined ? [] : [join(home, '.ssh/known_hosts')]), '/etc/ssh/ssh_known_hosts'];
}

/** ssh-keygen knows hashed names, patterns and `[host]:port`. */
function lookup(server: Server, file: string): Command {
  return command('ssh-keygen', ['-F', lookupName(server), '-f', file]);
}

/** The name under which known_hosts lists a server (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
function lookupName({ host, port }: Server): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

function parseLine(line: string): (HostKey & { marker: string | undefined })[] {
  const [, marker, type, base64] = /^(?:(@\S+)\s+)?[^#@\s]\S*\s+(\S+)\s+(\S+)/.exec(line) ?? [];
  return type && base64 ? [{ marker, type, blob: Buffer.from(base64, 'base64') }] : [];
}

/**
 * The host key algorithms to offer: only those we have keys for, or else a server with several keys might present
 * one that we can't compare. Of a server that is not known, any, to show the fingerprint that it presents.
 */
export function hostKeyAlgorithms({ trusted }: KnownHostKeys): ServerHostKeyAlgorithm[] {
  const types = new Set(trusted.map(({ type }) => type));
  return Object.entries(algorithmsOf).flatMap(([type, names]) => (types.size === 0 || types.has(type) ? names : []));
}

/** Why the key that a server presents is not to be trusted; undefined if it is. */
export function hostKeyProblem(known: KnownHostKeys, presented: Buffer): Failure | undefined {
  const key = { type: keyType(presented), blob: presented };
  const name = serverName(known.server);
  const shown = `${key.type} ${fingerprint(key)}`;
  if (among(known.revoked, key)) {
    return new Failure(`The host key of ${name} is revoked in ${known.files.join(' or ')}: ${shown}`, {
      hint: 'Do not use this server before its administrator has given it a new key.',
    });
  }
  if (among(known.trusted, key)) return undefined;
  const file = quote(known.files[0] ?? '');
  const add = `ssh-keyscan -p ${known.server.port} ${quote(known.server.host)} >> ${file}`;
  const compare = "Compare the fingerprint with the server's (ssh-keygen -lf, on the server itself)";
  if (known.trusted.length === 0) {
    return new Failure(`The host key of ${name} is in none of ${known.files.join(', ')}; it presents ${shown}`, {
      hint: `${compare}; if it is the same, add the key: ${add}`,
    });
  }
  const expected = known.trusted.map((trusted) => `${trusted.type} ${fingerprint(trusted)}`).join(', ');
  return new Failure(
    `The host key of ${name} has changed, or someone intercepts the connection: it presents ${shown}, but expected is ${expected}`,
    { hint: `${compare}; if it is the same: ssh-keygen -R ${quote(lookupName(known.server))} -f ${file} && ${add}` },
  );
}

/** As OpenSSH prints it: `SHA256:` and the digest in base64 without padding. */
export function fingerprint({ blob }: HostKey): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

function keyType(blob: Buffer): string {
  return blob.toString('latin1', 4, 4 + blob.readUInt32BE(0));
}

function among(keys: readonly HostKey[], { blob }: HostKey): boolean {
  return keys.some((key) => key.blob.equals(blob));
}
