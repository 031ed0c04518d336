import { open, type FileHandle } from 'node:fs/promises';
import type { Stretch } from './volume.js';

/** Bytes of a block of the log, whatever the blocks of the file system are. */
const block = 512;

/** Bytes that are read and written at a time. */
const chunk = 2 ** 20;

const recordMagic = 0xfeedbabe;

/** Bytes of data that one block of a record's header speaks for. */
const perHeader = 32 * 1024;

/** The flag of the operation that ends a log: everything in it is carried out (XFS Algorithms & Data Structures, "Log Operations"). */
const unmountFlag = 0x20;

/** Where the log of an xfs lies, in bytes of the file. */
interface Place {
  readonly start: number;
  readonly blocks: number;
}

/**
 * Empties the log of an xfs that was unmounted: changes that were carried out long ago still stand there, with names of
 * files that were removed, and the content of short links. What stays is the record that says that all is carried out, and of
 * every other block the number of its cycle, by which the kernel finds that record (XFS Algorithms & Data Structures,
 * "Journaling Log").
 *
 * @returns false where the log does not end with an unmount, or lies on another device: then it is as it was
 */
export async function emptyXfsLog({ file: path, offset, size }: Stretch): Promise<boolean> {
  const file = await open(path, 'r+');
  try {
    const place = await logPlace(file, offset, size);
    if (place === undefined) return false;
    const last = await lastRecord(file, place);
    if (last === undefined) return false;
    await eachChunk(file, place, async (bytes, first) => {
      const emptied = Buffer.from(bytes);
      for (let at = 0; at < bytes.length; at += block) {
        const distance = (first + at / block - last.block + place.blocks) % place.blocks;
        if (distance < last.length) continue;
        emptied.fill(0, at + (isRecord(bytes, at) ? 8 : 4), at + block);
      }
      if (!emptied.equals(bytes)) await file.write(emptied, 0, emptied.length, place.start + first * block);
    });
    return true;
  } finally {
    await file.close();
  }
}

async function logPlace(file: FileHandle, offset: number, size: number): Promise<Place | undefined> {
  const { buffer } = await file.read(Buffer.alloc(block), 0, block, offset);
  if (buffer.toString('latin1', 0, 4) !== 'XFSB') return undefined;
  const blockSize = buffer.readUInt32BE(4);
  const logStart = Number(buffer.readBigUInt64BE(48));
  const groupBlocks = buffer.readUInt32BE(84);
  const groupBits = buffer.readUInt8(124);
  const length = buffer.readUInt32BE(96) * blockSize;
  if (logStart === 0) return undefined;
  // A block's number has that of its allocation group in its upper bits.
  const [group, inGroup] = [Math.floor(logStart / 2 ** groupBits), logStart % 2 ** groupBits];
  const start = (group * groupBlocks + inGroup) * blockSize;
  return start + length <= size && length > 0 ? { start: offset + start, blocks: length / block } : undefined;
}

interface LogRecord {
  readonly block: number;
  /** Blocks, with its header. */
  readonly length: number;
}

/** The newest record, where it is that of an unmount. */
async function lastRecord(file: FileHandle, place: Place): Promise<LogRecord | undefined> {
  let newest: { readonly sequence: bigint; readonly header: Buffer; readonly at: number } | undefined;
  await eachChunk(file, place, (bytes, first) => {
    for (let at = 0; at < bytes.length; at += block) {
      if (!isRecord(bytes, at)) continue;
      const sequence = bytes.readBigUInt64BE(at + 16);
      // The lower half of its sequence number says where it stands.
      if (Number(sequence & 0xffffffffn) !== first + at / block) continue;
      if (newest !== undefined && newest.sequence >= sequence) continue;
      newest = { sequence, header: Buffer.from(bytes.subarray(at, at + block)), at: first + at / block };
    }
    return Promise.resolve();
  });
  if (newest === undefined) return undefined;
  const { header, at } = newest;
  // The second version of the log may have larger records, with more blocks in their headers.
  const headers = header.readUInt32BE(8) === 2 ? Math.max(Math.ceil(header.readUInt32BE(320) / perHeader), 1) : 1;
  const data = Math.ceil(header.readUInt32BE(12) / block);
  if (headers + data > place.blocks) return undefined;
  const operation = (at + headers) % place.blocks;
  const { buffer } = await file.read(Buffer.alloc(block), 0, block, place.start + operation * block);
  const isUnmount = header.readUInt32BE(40) === 1 && (buffer.readUInt8(9) & unmountFlag) !== 0;
  return isUnmount ? { block: at, length: headers + data } : undefined;
}

const isRecord = (bytes: Buffer, at: number) => bytes.readUInt32BE(at) === recordMagic;

async function eachChunk(
  file: FileHandle,
  { start, blocks }: Place,
  look: (bytes: Buffer, first: number) => Promise<void>,
): Promise<void> {
  const buffer = Buffer.alloc(chunk);
  for (let at = 0; at < blocks * block; at += chunk) {
    const length = Math.min(chunk, blocks * block - at);
    const { bytesRead } = await file.read(buffer, 0, length, start + at);
    if (bytesRead < length) return;
    await look(buffer.subarray(0, length), at / block);
  }
}
