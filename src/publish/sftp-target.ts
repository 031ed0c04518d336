import { UsageError } from '../host/failure.js';
import type { SftpDestination } from '../config/destination.js';

/** Where an SFTP upload goes. */
export interface SftpTarget {
  /** Undefined: the name of the user who builds. */
  readonly user: string | undefined;
  /** Name or address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** On the server; a relative one starts at the user's home, `.` is that home itself. */
  readonly directory: string;
}

const hostName = String.raw`\[(?<address>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?<name>[^\s\-:/@[\]][^\s:/@[\]]*)`;
/** `sftp://[user@]host[:port]/dir/`; `/~/dir` is relative to the home (draft-ietf-secsh-scp-sftp-ssh-uri). */
const url = new RegExp(`^sftp://(?:(?<user>[^/]+)@)?(?:${hostName})(?::(?<port>\\d+))?(?<directory>/.*)?$`);
/** `[user@]host:dir/`, as scp and rsync read it. */
const scpLike = new RegExp(`^(?:(?<user>[^/:]+)@)?(?:${hostName}):(?<directory>(?!//).*)$`);

/**
 * Reads `upload_target` and `upload_port` of an SFTP destination.
 *
 * @throws UsageError that names the section
 */
export function sftpTarget(destination: Pick<SftpDestination, 'name' | 'target' | 'port'>): SftpTarget {
  const { target } = destination;
  const problem = (what: string) => new UsageError([`[${destination.name}] upload_target: ${what}`]);
  const isUrl = target.startsWith('sftp://');
  const parts = (isUrl ? url : scpLike).exec(target)?.groups;
  if (!parts) {
    throw problem(`"${target}" is neither sftp://[user@]host[:port]/directory/ nor [user@]host:/directory/`);
  }
  if (parts['user']?.includes(':')) {
    // The target itself stays out of this message: it holds a password.
    throw problem('a password does not belong here; name its environment variable with upload_password_env');
  }
  const decoded = (text: string) => (isUrl ? percentDecoded(text, problem) : text);
  return {
    user: parts['user'] === undefined ? undefined : decoded(parts['user']),
    host: parts['address'] ?? decoded(parts['name'] ?? ''),
    port: agreedPort(parts['port'], destination),
    directory: fromHome(decoded(parts['directory'] ?? ''), isUrl ? '/~' : '~'),
  };
}

function agreedPort(inTarget: string | undefined, { name, port }: Pick<SftpDestination, 'name' | 'port'>): number {
  const agreed = port ?? Number(inTarget ?? 22);
  if (inTarget !== undefined && Number(inTarget) !== agreed) {
    throw new UsageError([`[${name}] upload_port: ${agreed} contradicts the port ${inTarget} of upload_target`]);
  }
  if (!Number.isInteger(agreed) || agreed < 1 || agreed > 65535) {
    throw new UsageError([`[${name}] ${agreed} is not a port: expected 1 to 65535`]);
  }
  return agreed;
}

function fromHome(directory: string, home: string): string {
  if (directory === '' || directory === home || directory === `${home}/`) return '.';
  return directory.startsWith(`${home}/`) ? directory.slice(home.length + 1) : directory;
}

function percentDecoded(text: string, problem: (what: string) => UsageError): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw problem(`"${text}" is not percent-encoded UTF-8`);
  }
}

/** The path of a file in the target directory. */
export function remotePath({ directory }: SftpTarget, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

/** For messages: `host` or `host port 2222`. */
export function serverName({ host, port }: Pick<SftpTarget, 'host' | 'port'>): string {
  return port === 22 ? host : `${host} port ${port}`;
}
