/** Where an SFTP upload goes. */
export interface SftpServer {
  /** Default: the name of the user who builds. */
  readonly user?: string;
  /** Name or address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** On the server; a relative one starts at the user's home, `.` is that home itself. */
  readonly directory: string;
}

/** What `upload_target` says of it: the port may also stand in `upload_port`. */
export type SftpTarget = Omit<SftpServer, 'port'> & { readonly port?: number };

const hostName = String.raw`\[(?<address>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?<name>[^\s\-:/@[\]%][^\s:/@[\]%]*)`;
/** `sftp://[user@]host[:port]/dir/`; `/~/dir` is relative to the home (draft-ietf-secsh-scp-sftp-ssh-uri). */
const url = new RegExp(`^sftp://(?:(?<user>[^/]+)@)?(?:${hostName})(?::(?<port>\\d+))?(?<directory>/.*)?$`);
/** `[user@]host:dir/`, as scp and rsync read it. */
const scpLike = new RegExp(`^(?:(?<user>[^/:]+)@)?(?:${hostName}):(?<directory>(?!//).*)$`);

/** @throws Error that says what would have been right */
export function parseSftpTarget(text: string): SftpTarget {
  const isUrl = text.startsWith('sftp://');
  const { user, address, name, port, directory = '' } = (isUrl ? url : scpLike).exec(text)?.groups ?? {};
  const host = address?.replace('%25', '%') ?? name;
  if (host === undefined) throw new Error("'sftp://[user@]host[:port]/directory/' or '[user@]host:/directory/'");
  if (user?.includes(':')) {
    throw new Error('a target without a password: upload_password_env names the environment variable that holds it');
  }
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65535)) throw new Error('a port from 1 to 65535');
  return {
    ...(user === undefined ? {} : { user: isUrl ? percentDecoded(user) : user }),
    host,
    ...(port === undefined ? {} : { port: Number(port) }),
    directory: isUrl ? fromHome(percentDecoded(directory), '/~') : fromHome(directory, '~'),
  };
}

function fromHome(directory: string, home: string): string {
  if (['', home, `${home}/`].includes(directory)) return '.';
  return directory.startsWith(`${home}/`) ? directory.slice(home.length + 1) : directory;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('percent-encoded UTF-8 in a URL (%25 is a percent sign)');
  }
}

/** For messages: `host` or `host port 2222`. */
export function serverName({ host, port }: Pick<SftpServer, 'host' | 'port'>): string {
  return port === 22 ? host : `${host} port ${port}`;
}
