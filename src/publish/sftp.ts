import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../host/failure.js';
import type { Command, Host } from '../host/host.js';
import type { SftpDestination } from '../config/destination.js';
import type { UploadFiles } from './upload-files.js';
import { knownHostKeys, lookupCommands } from './known-hosts.js';
import { connect, ConnectionLost, Refused, status, type SftpConnection, type SftpServer } from './sftp-connection.js';
import { keyCheck, logins } from './sftp-login.js';
import { remotePath, serverName, sftpTarget, type SftpTarget } from './sftp-target.js';
import { outgoingFile, publishPart, removeRemote, sendPart, type OutgoingFile } from './sftp-transfer.js';

/** Pauses before the next try, in milliseconds; a try that brought the upload further starts over with the first. */
const defaultPauses: readonly number[] = [1000, 3000, 10_000];

/**
 * Uploads files over SFTP: all are written under temporary names, and renamed only when all are whole. A connection
 * that breaks is made again, and the upload continues where it stopped; so does the next call for the same files.
 *
 * @throws Failure, UsageError (target, port)
 */
export async function uploadBySftp(
  host: Host,
  destination: SftpDestination,
  { directory, names }: UploadFiles,
  pauses = defaultPauses,
): Promise<void> {
  const target = sftpTarget(destination);
  const known = await knownHostKeys(host, target, destination.knownHosts);
  const server = { target, known, logins: await logins(host, destination) };
  const inTarget = (name: string) => remotePath(target, name);
  const files = await Promise.all(names.map((name) => outgoingFile(join(directory, name), name, inTarget)));
  const progress = uploadProgress(host, files);

  for (let failures = 0; ;) {
    const before = progress.furthest();
    try {
      return await tryOnce(host, server, files, progress);
    } catch (error) {
      host.signal.throwIfAborted();
      if (!(error instanceof ConnectionLost)) throw error;
      if (progress.furthest() > before) failures = 0;
      const pause = pauses[failures++];
      if (pause === undefined)
        throw new Failure(`${error.message} (failed ${failures} times in a row)`, { cause: error });
      host.log.warn(`Upload to ${destination.name}: ${error.message}; next try in ${pause / 1000} s`);
      await sleep(pause, undefined, { signal: host.signal }).catch(() => host.signal.throwIfAborted());
    }
  }
}

/** The commands that check host key and login; SFTP itself is spoken without one. */
export function sftpCommands(destination: SftpDestination): Command[] {
  const { identity, knownHosts } = destination;
  const lookups = lookupCommands(sftpTarget(destination), knownHosts);
  return identity === undefined ? lookups : [...lookups, keyCheck(identity)];
}

async function tryOnce(
  host: Host,
  server: SftpServer,
  files: readonly OutgoingFile[],
  progress: UploadProgress,
): Promise<void> {
  const connection = await connect(host, server);
  try {
    await requireDirectory(connection, server.target);
    for (const file of files) await send(connection, server.target, file, progress.of(file));
    await publish(connection, server.target, files);
  } finally {
    await connection.close();
  }
}

async function requireDirectory(connection: SftpConnection, target: SftpTarget): Promise<void> {
  const { directory } = target;
  const looked = connection.request<{ isDirectory(): boolean }>((sftp, answer) => sftp.stat(directory, answer));
  const found = await explained(`Can't upload to ${directory} on ${serverName(target)}`, looked);
  if (!found.isDirectory()) throw new Failure(`${directory} on ${serverName(target)} is no directory`);
}

async function send(
  connection: SftpConnection,
  target: SftpTarget,
  file: OutgoingFile,
  confirmed: (bytes: number) => void,
): Promise<void> {
  try {
    await sendPart(connection, file, confirmed);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const free = await freeSpace(connection, target);
    const why = free !== undefined && free < file.size ? `only ${mebibytes(free)} are free there` : error.message;
    throw new Failure(`Can't write ${file.name} (${mebibytes(file.size)}) to ${target.directory}: ${why}`, {
      hint: hints[error.status],
      cause: error,
    });
  }
}

/** Bytes that the target's file system has left; undefined where the server can't tell (statvfs@openssh.com). */
async function freeSpace(connection: SftpConnection, { directory }: SftpTarget): Promise<number | undefined> {
  try {
    const space = await connection.request<{ f_bavail: number; f_frsize: number }>((sftp, answer) =>
      sftp.ext_openssh_statvfs(directory, answer),
    );
    return space.f_bavail * space.f_frsize;
  } catch {
    return undefined;
  }
}

/** The old checksum goes first and the new one comes last: a checksum on the server always belongs to its image. */
async function publish(connection: SftpConnection, target: SftpTarget, files: readonly OutgoingFile[]): Promise<void> {
  for (const { name } of files.slice(1).reverse()) {
    await explained(`Can't remove the old ${name}`, removeRemote(connection, remotePath(target, name)));
  }
  for (const { name, part } of files) {
    await explained(`Can't rename ${part} to ${name}`, publishPart(connection, part, remotePath(target, name)));
  }
}

const hints: Readonly<Record<number, string>> = {
  [status.noSuchFile]: 'Make the directory on the server, or correct upload_target.',
  [status.permissionDenied]: 'The user who logs in must be allowed to write there.',
};

async function explained<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Failure(`${what}: ${error.message}`, { hint: hints[error.status], cause: error });
  }
}

interface UploadProgress {
  /** The most bytes that the server has ever confirmed. */
  furthest(): number;
  of(file: OutgoingFile): (bytes: number) => void;
}

function uploadProgress({ log }: Pick<Host, 'log'>, files: readonly OutgoingFile[]): UploadProgress {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let furthest = 0;
  return {
    furthest: () => furthest,
    of(file) {
      const before = files.slice(0, files.indexOf(file)).reduce((sum, { size }) => sum + size, 0);
      return (bytes) => {
        furthest = Math.max(furthest, before + bytes);
        const text = `Uploading ${file.name}: ${mebibytes(bytes)} of ${mebibytes(file.size)}`;
        log.progress({ text, fraction: total === 0 ? 1 : (before + bytes) / total });
      };
    },
  };
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
