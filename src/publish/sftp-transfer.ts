import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { Failure } from '../host/failure.js';
import { refusal, status, type Sftp } from './sftp-connection.js';

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
  /** Where it grows on the server, and what it is renamed to when it is whole. */
  readonly part: string;
  readonly final: string;
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
  return { name, path, size: Number(size), part: inTarget(`.${name}.${identity}.part`), final: inTarget(name) };
}

/**
 * Writes a file's part on the server: to its end, to the server's disk, and with its size verified. Continues where
 * an earlier try has stopped. Never sends byte n before the server has confirmed byte n - windowSize.
 *
 * @param confirmed is told up to which byte the server has the file
 */
export async function sendPart(
  sftp: Sftp,
  file: OutgoingFile,
  broken: AbortSignal,
  confirmed: (bytes: number) => void,
): Promise<void> {
  const start = await resumePoint(sftp, file);
  const handle = await sftp.open(file.part, start === 0 ? 'w' : 'r+');
  confirmed(start);
  const underway: Promise<number>[] = [];
  let end = start;
  const source = createReadStream(file.path, { start, highWaterMark: chunkSize, signal: broken });
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (underway.length === chunksUnderway) confirmed((await underway.shift())!);
    const written = end + chunk.length;
    const writing = sftp.write(handle, chunk, 0, chunk.length, end).then(() => written);
    // Its error is met when its turn comes; until then it is no unhandled one.
    writing.catch(() => undefined);
    underway.push(writing);
    end = written;
  }
  for (const writing of underway) confirmed(await writing);
  await ifSupported(sftp.fsync(handle));
  const { size } = await sftp.fstat(handle);
  if (size !== file.size) {
    throw new Failure(`${file.part} has ${size} bytes on the server after ${file.size} were written`);
  }
  await sftp.close(handle);
}

/**
 * Where an upload continues: one window before the end of the part. Everything before that had been confirmed when
 * the part's last byte was sent, so there is no hole in it, in whatever order the server wrote. What a confirmation
 * does not cover, a server that went down with data in its memory, shows in the last MiB before that point.
 */
async function resumePoint(sftp: Sftp, { path, part, size }: OutgoingFile): Promise<number> {
  const partSize = (await unlessMissing(sftp.stat(part)))?.size ?? 0;
  const point = partSize - windowSize;
  if (point <= 0 || partSize > size) return 0;
  const range = { start: Math.max(0, point - comparedSize), end: point - 1 };
  const theirs = await buffer(sftp.createReadStream(part, range));
  return theirs.equals(await buffer(createReadStream(path, range))) ? point : 0;
}

/** Gives the final name to a part, over whatever had that name. */
export async function publishPart(sftp: Sftp, { part, final }: OutgoingFile): Promise<void> {
  if (await ifSupported(sftp.renameOver(part, final))) return;
  // Plain SFTP can't rename over a file.
  await removeRemote(sftp, final);
  await sftp.rename(part, final);
}

/** Removes a file on the server, if it is there. */
export async function removeRemote(sftp: Sftp, path: string): Promise<void> {
  await unlessMissing(sftp.unlink(path));
}

async function unlessMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (refusal(error) === status.noSuchFile) return undefined;
    throw error;
  }
}

/** Whether the server has an extension of OpenSSH's; ssh2 asks no server for one that it has not announced. */
async function ifSupported(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    const notAnnounced = (error as Error).message === 'Server does not support this extended request';
    if (notAnnounced || refusal(error) === status.unsupported) return false;
    throw error;
  }
}
