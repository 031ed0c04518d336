import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { Client, ClientErrorExtensions, ConnectConfig, OpenMode, SFTPWrapper } from 'ssh2';
import { serverName, type SftpServer } from '../config/sftp-server.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { hostKeyAlgorithms, hostKeyProblem, type KnownHostKeys } from './known-hosts.js';
import type { Login } from './sftp-login.js';

/** The connection could not be made or broke: worth another try. */
export class ConnectionLost extends Error {}

/** Codes of draft-ietf-secsh-filexfer-02, section 7 (the version that OpenSSH speaks). */
export const status = { noSuchFile: 2, permissionDenied: 3, unsupported: 8 } as const;

/** The status with which the server refused a request; undefined for errors of other kinds. */
export function refusal(error: unknown): number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

/** The requests of SFTP that an upload sends. */
export type Sftp = ReturnType<typeof requests>;

function requests(sftp: SFTPWrapper) {
  return {
    open: promisify<string, OpenMode, Buffer>(sftp.open.bind(sftp)),
    write: promisify(sftp.write.bind(sftp)),
    fstat: promisify(sftp.fstat.bind(sftp)),
    close: promisify(sftp.close.bind(sftp)),
    stat: promisify(sftp.stat.bind(sftp)),
    unlink: promisify(sftp.unlink.bind(sftp)),
    rename: promisify(sftp.rename.bind(sftp)),
    fsync: promisify(sftp.ext_openssh_fsync.bind(sftp)),
    renameOver: promisify(sftp.ext_openssh_rename.bind(sftp)),
    statvfs: promisify<string, { f_bavail: number; f_frsize: number }>(sftp.ext_openssh_statvfs.bind(sftp)),
    createReadStream: sftp.createReadStream.bind(sftp),
  };
}

/** What it takes to connect; looked up once, used for every try. */
export interface Access {
  readonly server: SftpServer;
  readonly known: KnownHostKeys;
  readonly logins: readonly Login[];
}

/**
 * Connects, checks the host key, logs in, works and closes. The build's signal breaks the connection at once.
 *
 * @param work is not waited for when the connection breaks, as its requests may get no answer then; the signal tells it
 * @throws ConnectionLost when another try may help
 * @throws Failure when it would not: host key, login, no SFTP there
 */
export async function withSftp<T>(
  host: Host,
  access: Access,
  work: (sftp: Sftp, broken: AbortSignal) => Promise<T>,
): Promise<T> {
  // Loaded only when used: it costs more time than all of `--help`.
  const { default: ssh2 } = await import('ssh2');
  host.signal.throwIfAborted();
  const { server, known, logins } = access;
  const name = serverName(server);
  const username = server.user ?? accountName(name);
  const socket = connectSocket({ host: server.host, port: server.port, noDelay: true, signal: host.signal });
  const giveBack = host.release.hold(`SFTP connection to ${name}`, () => void socket.destroy());
  const client = new ssh2.Client();
  const connection = new AbortController();
  const { signal } = connection;
  const broken = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error)),
  );
  const closed = () => connection.abort(new Error('closed by the server'));
  client.on('error', (error) => connection.abort(error)).on('close', closed);
  let distrust: Failure | undefined;
  let sftp: SFTPWrapper | undefined;
  try {
    const opening = open(client, {
      sock: socket,
      username,
      authHandler: logins.flatMap((login) => login.methods(username)),
      algorithms: { serverHostKey: hostKeyAlgorithms(known) },
      hostVerifier: (presented: Buffer) => (distrust = hostKeyProblem(known, presented)) === undefined,
      // A connection that died without a word is noticed after a minute.
      keepaliveInterval: 15_000,
      keepaliveCountMax: 3,
    });
    sftp = await Promise.race([broken, opening]);
    // The server's SFTP process may end while the connection itself lives on.
    sftp.on('close', closed).on('error', (error: Error) => connection.abort(error));
    return await Promise.race([broken, work(requests(sftp), signal)]);
  } catch (error) {
    const { message } = error as Error;
    if (sftp === undefined) throw distrust ?? connectError(error as Error, access, username);
    if (!signal.aborted && message !== 'No response from server') throw error;
    throw new ConnectionLost(`connection to ${name} lost: ${message}`, { cause: error });
  } finally {
    client.end();
    await giveBack();
  }
}

async function open(client: Client, config: ConnectConfig): Promise<SFTPWrapper> {
  client.connect(config);
  await once(client, 'ready');
  return await new Promise((resolve, reject) => {
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)));
  });
}

function connectError(error: Error & ClientErrorExtensions, { server, known, logins }: Access, user: string): Error {
  const name = serverName(server);
  const failure = (message: string, hint?: string) => new Failure(message, { hint, cause: error });
  if (error.level === 'client-authentication') {
    return failure(
      `${name} rejects the login of ${user} (tried: ${logins.map(({ what }) => what).join(', ')})`,
      `Check the user's name in upload_target, and ~/.ssh/authorized_keys on ${server.host}.`,
    );
  }
  if (error.level === 'agent') return failure(`The ssh agent failed: ${error.message}`);
  if (/no matching host key/.test(error.message)) {
    const types = [...new Set(known.trusted.map(({ type }) => type))].join(', ');
    return failure(
      `${name} has no host key of the types that ${known.files.join(', ')} know of it: ${types}`,
      `Show its keys with ssh-keyscan -p ${server.port} ${server.host}, and ask its administrator.`,
    );
  }
  if (error.level === 'handshake' || ('code' in error && error.code === 'ENOTFOUND')) {
    return failure(`Can't connect to ${name}: ${error.message}`);
  }
  if (/subsystem/.test(error.message)) return failure(`${name} does not offer SFTP`);
  return new ConnectionLost(`no connection to ${name}: ${error.message}`, { cause: error });
}

/** The name of the user who builds; a user id without an entry in the password database has none. */
function accountName(server: string): string {
  try {
    return userInfo().username;
  } catch {
    throw new Failure(`${server}: this user has no name to log in with`, {
      hint: 'Add a name to upload_target: USER@HOST:DIRECTORY.',
    });
  }
}
