import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SftpDestination } from '../config/destination.js';
import { serverName, type SftpServer } from '../config/sftp-server.js';
import { Failure } from '../host/failure.js';
import type { Command, Host } from '../host/host.js';
import type { UploadFiles } from './upload-files.js';
import { knownHostKeys, lookupCommands } from './known-hosts.js';
import { ConnectionLost, refusal, status, withSftp, type Sftp } from './sftp-connection.js';
import { keyCheck, logins } from './sftp-login.js';
import { outgoingFile, publishPart, removeRemote, sendPart, type OutgoingFile } from './sftp-transfer.js';

/** Pauses before the next try, in milliseconds; a try that brought the upload further starts over with the first. */
const defaultPauses: readonly number[] = [1000, 3000, 10_000];

/**
 * Uploads files over SFTP: all are written under temporary names, and renamed only when all are whole. A connection
 * that breaks is made again, and the upload continues where it stopped; so does the next call for the same files.
 *
 * @throws Failure
 */
export async function uploadBySftp(
  host: Host,
  destination: SftpDestination,
  { directory, names }: UploadFiles,
  pauses = defaultPauses,
): Promise<void> {
  const { server, knownHosts } = destination;
  const known = await knownHostKeys(host, server, knownHosts);
  const access = { server, known, logins: await logins(host, destination) };
  const inTarget = (name: string) => `${server.directory.replace(/\/$/, '')}/${name}`;
  const files = await Promise.all(names.map((name) => outgoingFile(join(directory, name), name, inTarget)));
  const progress = uploadProgress(host, files);

  for (let failures = 0; ;) {
    const before = progress.furthest();
    try {
      return await withSftp(host, access, async (sftp, broken) => {
        await requireDirectory(sftp, server);
        for (const file of files) {
          const part = sendPart(sftp, file, broken, (bytes) => progress.confirm(file, bytes));
          await explained(part, `Can't write ${file.name} (${mebibytes(file.size)}) to ${server.directory}`, () =>
            lackOfSpace(sftp, server, file),
          );
        }
        await publish(sftp, files);
      });
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
export function sftpCommands({ server, identity, knownHosts }: SftpDestination): Command[] {
  const lookups = lookupCommands(server, knownHosts);
  return identity === undefined ? lookups : [...lookups, keyCheck(identity)];
}

async function requireDirectory(sftp: Sftp, server: SftpServer): Promise<void> {
  const place = `${server.directory} on ${serverName(server)}`;
  const found = await explained(sftp.stat(server.directory), `Can't upload to ${place}`);
  if (!found.isDirectory()) throw new Failure(`${place} is not a directory`);
}

/** Undefined also where the server can't tell (statvfs@openssh.com). */
async function lackOfSpace(sftp: Sftp, { directory }: SftpServer, { size }: OutgoingFile): Promise<string | undefined> {
  const space = await sftp.statvfs(directory).catch(() => undefined);
  const free = space === undefined ? Infinity : space.f_bavail * space.f_frsize;
  return free < size ? `only ${mebibytes(free)} are free there` : undefined;
}

/** The old checksum goes first and the new one comes last: a checksum on the server always belongs to its image. */
async function publish(sftp: Sftp, files: readonly OutgoingFile[]): Promise<void> {
  for (const { name, final } of files.slice(1).reverse()) {
    await explained(removeRemote(sftp, final), `Can't remove the old ${name}`);
  }
  for (const file of files) await explained(publishPart(sftp, file), `Can't rename ${file.part} to ${file.name}`);
}

const hints: Readonly<Record<number, string>> = {
  [status.noSuchFile]: 'Create the directory on the server, or correct upload_target.',
  [status.permissionDenied]: 'Give the user who logs in write permission there.',
};

/** @param reason that is better than the server's own, if there is one */
async function explained<T>(work: Promise<T>, what: string, reason?: () => Promise<string | undefined>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const code = refusal(error);
    if (code === undefined) throw error;
    const why = (await reason?.()) ?? (error as Error).message;
    throw new Failure(`${what}: ${why}`, { hint: hints[code], cause: error });
  }
}

function uploadProgress({ log }: Pick<Host, 'log'>, files: readonly OutgoingFile[]) {
  const total = sizeOf(files);
  let furthest = 0;
  return {
    /** The most bytes that the server has ever confirmed. */
    furthest: () => furthest,
    confirm(file: OutgoingFile, bytes: number) {
      const done = sizeOf(files.slice(0, files.indexOf(file))) + bytes;
      furthest = Math.max(furthest, done);
      const text = `Uploading ${file.name}: ${mebibytes(bytes)} of ${mebibytes(file.size)}`;
      log.progress({ text, fraction: total === 0 ? 1 : done / total });
    },
  };
}

function sizeOf(files: readonly OutgoingFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
