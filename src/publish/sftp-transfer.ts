import { createHash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { Failure } from '../host/failure.js';
import { Refused, status, type SftpConnection } from './sftp-connection.js';

/** Bytes in one write: what OpenSSH takes at most (limits@openssh.com). */
const chunkSize = 255 * 1024;
const chunksUnderway = 32;
/** Bytes that may be under way, sent and not yet confirmed: 8 MiB fill a line of 1 Gbit/s at 60 ms. */
const windowSize = chunksUnderway * chunkSize;
/** Bytes before the point of resumption that are read back and compared. */
const comparedSize = 1024 * 1024;

/** A local file on its way to a server. */
export interface OutgoingFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  /** Where it grows on the server. */
  readonly part: string;
}

/**
 * The part's name carries the identity of the local file (inode, size and time of last change), so that a part found
 * on the server was begun from this very file and not from another build's of the same name.
 *
 * @param inTarget the path on the server of a name
 */
export async function outgoingFile(
  path: string,
  name: string,
  inTarget: (name: string) => string,
): Promise<OutgoingFile> {
  const { ino, size, ctimeNs } = await stat(path, { bigint: true });
  const identity = createHash('sha256').update(`${ino} ${size} ${ctimeNs}`).digest('hex').slice(0, 12);
  return { name, path, size: Number(size), part: inTarget(`.${name}.${identity}.part`) };
}

/**
 * Writes a file's part on the server: to its end, to the server's disk, and with its size verified. Continues where
 * an earlier try has stopped.
 *
 * @param confirmed is told up to which byte the server has the file
 * @throws Refused, ConnectionLost
 */
export async function sendPart(
  connection: SftpConnection,
  file: OutgoingFile,
  confirmed: (bytes: number) => void,
): Promise<void> {
  const source = await open(file.path);
  try {
    const start = await resumePoint(connection, source, file);
    const flags = start === 0 ? 'w' : 'r+';
    const handle = await connection.request<Buffer>((sftp, answer) => sftp.open(file.part, flags, answer));
    confirmed(start);
    await writeFrom(connection, source, handle, { start, size: file.size, confirmed });
    await flushed(connection, handle);
    const { size } = await connection.request<{ size: number }>((sftp, answer) => sftp.fstat(handle, answer));
    if (size !== file.size) {
      throw new Failure(`${file.part} has ${size} bytes on the server after ${file.size} were written`);
    }
    await connection.request((sftp, answer) => sftp.close(handle, answer as () => void));
  } finally {
    await source.close();
  }
}

/** Writes in order, and never sends byte n before the server has confirmed byte n - windowSize. */
async function writeFrom(
  connection: SftpConnection,
  source: FileHandle,
  handle: Buffer,
  { start, size, confirmed }: { start: number; size: number; confirmed: (bytes: number) => void },
): Promise<void> {
  const underway: Promise<number>[] = [];
  const settleOldest = async () => confirmed((await underway.shift()) ?? start);
  for (let position = start; position < size; position += chunkSize) {
    if (underway.length === chunksUnderway) await settleOldest();
    const length = Math.min(chunkSize, size - position);
    const { buffer, bytesRead } = await source.read(Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead < length) throw new Failure(`The file became shorter while it was uploaded`);
    const written = connection
      .request((sftp, answer) => sftp.write(handle, buffer, 0, length, position, answer as () => void))
      .then(() => position + length);
    // Its error is met when its turn comes; until then it is no unhandled one.
    written.catch(() => undefined);
    underway.push(written);
  }
  while (underway.length > 0) await settleOldest();
}

/**
 * Where an upload continues: one window before the end of the part. Everything before that had been confirmed when
 * the part's last byte was sent, so there is no hole in it, in whatever order the server wrote. What a confirmation
 * does not cover, a server that went down with data in its memory, shows in the last MiB before that point.
 */
async function resumePoint(connection: SftpConnection, source: FileHandle, file: OutgoingFile): Promise<number> {
  const partSize = await sizeOf(connection, file.part);
  const point = partSize - windowSize;
  if (point <= 0 || partSize > file.size) return 0;
  const from = Math.max(0, point - comparedSize);
  const ours = Buffer.alloc(point - from);
  await source.read(ours, 0, ours.length, from);
  const theirs = await readBack(connection, file.part, from, ours.length);
  return ours.equals(theirs) ? point : 0;
}

async function sizeOf(connection: SftpConnection, path: string): Promise<number> {
  try {
    return (await connection.request<{ size: number }>((sftp, answer) => sftp.stat(path, answer))).size;
  } catch (error) {
    if (error instanceof Refused && error.status === status.noSuchFile) return 0;
    throw error;
  }
}

async function readBack(connection: SftpConnection, path: string, from: number, length: number): Promise<Buffer> {
  const handle = await connection.request<Buffer>((sftp, answer) => sftp.open(path, 'r', answer));
  const data = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    done += await connection.request<number>((sftp, answer) =>
      sftp.read(handle, data, done, Math.min(chunkSize, length - done), from + done, answer),
    );
  }
  await connection.request((sftp, answer) => sftp.close(handle, answer as () => void));
  return data;
}

/** Has the server write the file to its disk before the final name shows it, if it can (fsync@openssh.com). */
async function flushed(connection: SftpConnection, handle: Buffer): Promise<void> {
  await ifSupported(connection.request((sftp, answer) => sftp.ext_openssh_fsync(handle, answer)));
}

/** Gives the final name to a part, over whatever had that name. */
export async function publishPart(connection: SftpConnection, part: string, final: string): Promise<void> {
  const renamed = connection.request((sftp, answer) => sftp.ext_openssh_rename(part, final, answer as () => void));
  if (await ifSupported(renamed)) return;
  // Plain SFTP can't rename over a file.
  await removeRemote(connection, final);
  await connection.request((sftp, answer) => sftp.rename(part, final, answer as () => void));
}

/** Removes a file on the server, if it is there. */
export async function removeRemote(connection: SftpConnection, path: string): Promise<void> {
  try {
    await connection.request((sftp, answer) => sftp.unlink(path, answer as () => void));
  } catch (error) {
    if (!(error instanceof Refused && error.status === status.noSuchFile)) throw error;
  }
}

async function ifSupported(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    const unsupported =
      error instanceof Refused
        ? error.status === status.unsupported
        : error instanceof Error && error.message === 'Server does not support this extended request';
    if (unsupported) return false;
    throw error;
  }
}
