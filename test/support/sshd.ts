import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { freePort } from './free-port.js';

/** An OpenSSH server of the test's own, on loopback, that lets the user of the test in with one key. */
export interface Sshd {
  readonly port: number;
  /** Holds everything of the server's; gone after {@link stop}. */
  readonly directory: string;
  /** Private key that may log in. */
  readonly identity: string;
  /** Lists the server's keys. */
  readonly knownHosts: string;
  /** Public host keys by type, as lines of a known_hosts file without the name. */
  readonly hostKeys: Readonly<Record<'ed25519' | 'rsa', string>>;
  /** Breaks every connection, from the server's side and without a farewell. */
  killConnections(): Promise<void>;
  stop(): Promise<void>;
}

const program = '/usr/sbin/sshd';

export async function startSshd(
  options: { sftpServer?: string; configuration?: readonly string[] } = {},
): Promise<Sshd> {
  const directory = await mkdtemp(join(tmpdir(), 'image-factory-sshd-'));
  const removeRunDirectory = await privilegeSeparationDirectory();
  const file = (name: string) => join(directory, name);
  const key = async (type: string, name: string, ...size: string[]) => {
    await execa('ssh-keygen', ['-q', '-t', type, ...size, '-N', '', '-C', name, '-f', file(name)]);
    return (await readFile(file(`${name}.pub`), 'utf8')).split(' ').slice(0, 2).join(' ');
  };
  const hostKeys = { ed25519: await key('ed25519', 'host-ed25519'), rsa: await key('rsa', 'host-rsa', '-b', '2048') };
  await writeFile(file('authorized_keys'), await key('ed25519', 'identity'));
  const port = await freePort();
  await writeFile(
    file('known_hosts'),
    Object.values(hostKeys)
      .map((hostKey) => `[127.0.0.1]:${port} ${hostKey}\n`)
      .join(''),
  );
  await writeFile(
    file('sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${file('host-ed25519')}`,
      `HostKey ${file('host-rsa')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      `Subsystem sftp ${options.sftpServer ?? 'internal-sftp'}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      ...(options.configuration ?? []),
    ].join('\n'),
  );
  const server = spawn(program, ['-D', '-e', '-f', file('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = async () => {
    await killConnections(server);
    if (server.exitCode === null && server.kill('SIGKILL')) await once(server, 'exit');
    await rm(directory, { recursive: true, force: true });
    await removeRunDirectory();
  };
  try {
    await listening(server);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    directory,
    identity: file('identity'),
    knownHosts: file('known_hosts'),
    hostKeys,
    killConnections: () => killConnections(server),
    stop,
  };
}

async function listening(server: ChildProcess): Promise<void> {
  const said: string[] = [];
  const lines = createInterface({ input: server.stderr! });
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      if (line.includes('Server listening')) resolve();
    });
    server.once('error', reject).once('exit', () => reject(new Error(`sshd ended:\n${said.join('\n')}`)));
  });
}

/** sshd insists on this directory when it runs as root; a machine that never ran sshd lacks it. */
async function privilegeSeparationDirectory(): Promise<() => Promise<void>> {
  if (process.getuid?.() !== 0) return () => Promise.resolve();
  const made = await mkdir('/run/sshd', { mode: 0o755, recursive: true });
  return () => (made === undefined ? Promise.resolve() : rmdir('/run/sshd'));
}

async function killConnections(server: ChildProcess): Promise<void> {
  for (const pid of await descendants(server.pid!)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

async function descendants(pid: number): Promise<number[]> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = listed.trim().split(' ').filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}
