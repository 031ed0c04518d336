import { connect as connectSocket } from 'node:net';
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type SftpClient from 'ssh2-sftp-client';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { hostKeyAlgorithms, hostKeyProblem, type KnownHostKeys } from './known-hosts.js';
import type { Login } from './sftp-login.js';
import { serverName, type SftpTarget } from './sftp-target.js';

type Sftp = Awaited<ReturnType<SftpClient['connect']>>;
type ErrorEvent = Error & { level?: string; code?: string | number };

/** The connection could not be made or broke: worth another try. */
export class ConnectionLost extends Error {}

/** Codes of draft-ietf-secsh-filexfer-02, section 7 (the version that OpenSSH speaks). */
export const status = { noSuchFile: 2, permissionDenied: 3, failure: 4, unsupported: 8 } as const;

/** The server answered a request with an error. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export interface SftpConnection {
  /**
   * Sends one request and waits for its answer.
   *
   * @throws Refused when the server says no
   * @throws ConnectionLost when no answer will come
   */
  request<T>(send: (sftp: Sftp, answer: (error: Error | null | undefined, value: T) => void) => void): Promise<T>;
  close(): Promise<void>;
}

/** What it takes to connect; looked up once, used for every try. */
export interface SftpServer {
  readonly target: SftpTarget;
  readonly known: KnownHostKeys;
  readonly logins: readonly Login[];
}

/**
 * Connects, checks the host key and logs in. The build's signal breaks the connection at once.
 *
 * @throws ConnectionLost when another try may help
 * @throws Failure when it would not: host key, login, no SFTP there
 */
export async function connect(host: Host, { target, known, logins }: SftpServer): Promise<SftpConnection> {
  // Loaded only when used: it costs more time than all of `--help`.
  const { default: Client } = await import('ssh2-sftp-client');
  host.signal.throwIfAborted();
  const user = target.user ?? accountName(target);
  const socket = connectSocket({ host: target.host, port: target.port, noDelay: true, signal: host.signal });
  const giveBack = host.release.hold(`SFTP connection to ${serverName(target)}`, () => void socket.destroy());
  const client = new Client('sftp', {});
  let distrust: Failure | undefined;
  let said: ErrorEvent | undefined;
  client.on('error', (error: ErrorEvent) => (said ??= error));
  try {
    const sftp = await client.connect({
      sock: socket,
      username: user,
      authHandler: logins.flatMap((login) => login.methods(user)),
      algorithms: { serverHostKey: hostKeyAlgorithms(known) },
      hostVerifier(presented: Buffer) {
        distrust = hostKeyProblem(known, presented);
        return distrust === undefined;
      },
      // A connection that died without a word is noticed after a minute.
      keepaliveInterval: 15_000,
      keepaliveCountMax: 3,
    });
    const lost = (why: string) =>
      new ConnectionLost(`connection to ${serverName(target)} lost: ${said?.message ?? why}`);
    return openConnection({ client, sftp, giveBack, lost });
  } catch (error) {
    await giveBack();
    throw distrust ?? connectError(said ?? (error as ErrorEvent), { target, known, logins }, user);
  }
}

function connectError(error: ErrorEvent, { target, known, logins }: SftpServer, user: string): Error {
  const name = serverName(target);
  if (error.level === 'client-authentication' || /authentication/i.test(error.message)) {
    return new Failure(`${name} does not let ${user} in (tried: ${logins.map(({ what }) => what).join(', ')})`, {
      hint: `Check the user's name in upload_target, and ~/.ssh/authorized_keys on ${target.host}.`,
      cause: error,
    });
  }
  if (error.level === 'agent') return new Failure(`The ssh agent failed: ${error.message}`, { cause: error });
  if (/no matching host key/.test(error.message)) {
    const types = [...new Set(known.trusted.map(({ type }) => type))].join(', ');
    return new Failure(`${name} has no host key of the types that ${known.files.join(', ')} know of it: ${types}`, {
      hint: `Show its keys with ssh-keyscan -p ${target.port} ${target.host}, and ask its administrator.`,
      cause: error,
    });
  }
  if (error.level === 'handshake' || error.code === 'ENOTFOUND') {
    return new Failure(`Can't connect to ${name}: ${error.message}`, { cause: error });
  }
  if (/subsystem/.test(error.message)) return new Failure(`${name} does not offer SFTP`, { cause: error });
  return new ConnectionLost(`no connection to ${name}: ${error.message}`, { cause: error });
}

interface Opened {
  readonly client: SftpClient;
  readonly sftp: Sftp;
  readonly giveBack: () => Promise<void>;
  /** Explains with what the connection said before it broke, if it did, or else with this. */
  readonly lost: (why: string) => ConnectionLost;
}

function openConnection({ client, sftp, giveBack, lost }: Opened): SftpConnection {
  const waiting = new Set<(error: Error) => void>();
  let closed: ConnectionLost | undefined;
  const close = () => {
    closed ??= lost('closed by the server');
    for (const reject of waiting) reject(closed);
    waiting.clear();
  };
  client.on('close', close);
  // The server's SFTP process may end while the connection itself lives on.
  sftp.on('close', close);

  return {
    async request(send) {
      if (closed) throw closed;
      let reject: (error: Error) => void = () => undefined;
      try {
        return await new Promise((resolve, rejected) => {
          waiting.add((reject = rejected));
          send(sftp, (error, value) => (error ? rejected(refusal(error) ?? lost(error.message)) : resolve(value)));
        });
      } finally {
        waiting.delete(reject);
      }
    },
    async close() {
      if (!closed) {
        const ended = client.end().catch(() => undefined);
        await Promise.race([ended, sleep(1000, undefined, { ref: false })]);
      }
      await giveBack();
    },
  };
}

/** An error with a status comes from the server; any other says that no answer came. */
function refusal(error: Error & { code?: unknown }): Refused | undefined {
  return typeof error.code === 'number' ? new Refused(error.message, error.code) : undefined;
}

/** The name of the user who builds; a user id without an entry in the password database has none. */
function accountName(target: SftpTarget): string {
  try {
    return userInfo().username;
  } catch {
    throw new Failure(`${serverName(target)}: this user has no name to log in with`, {
      hint: 'Put the name into upload_target: USER@HOST:DIRECTORY.',
    });
  }
}
