import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { join } from 'node:path';
import { createWriteStream } from 'node:fs';
import { command, run, type Caller, type Command } from '../host/host.js';
import { findProgram } from '../host/programs.js';
import { withScratchDirectory } from '../host/scratch-directory.js';

/**
 * The names of all files in an initramfs, whose archives may be packed each in its own way and follow one another
 * (kernel documentation, "initramfs buffer format"). Undefined where it is packed in a way that is not known here.
 */
export async function initramfsNames(host: Caller, file: string): Promise<ReadonlySet<string> | undefined> {
  const read = async (scratch: string) => {
    const names = new Set<string>();
    return (await addNames(host, file, 0, scratch, names)) ? names : undefined;
  };
  return withScratchDirectory('initramfs', read, host.scratch);
}

/** @param from where the first archive begins: bytes */
async function addNames(
  host: Caller,
  file: string,
  from: number,
  scratch: string,
  names: Set<string>,
): Promise<boolean> {
  const handle = await open(file);
  let at = from;
  let magic: string;
  try {
    at = await readArchives(handle, at, names);
    magic = (await bytesAt(handle, at, 6)).toString('latin1');
  } finally {
    await handle.close();
  }
  if (magic === '') return true;
  const unpacked = join(scratch, String(at));
  if (!(await unpack(host, { file, at, magic }, unpacked))) return false;
  // What was packed is an archive itself, and nothing that is packed once more.
  const inner = await open(unpacked);
  try {
    const end = await readArchives(inner, 0, names);
    return end > 0;
  } finally {
    await inner.close();
  }
}

const header = 110;

/** Bytes that are read at once. */
const windowSize = 4096;

/** Reads archives in the format "newc" of cpio(5), one after the other, and zeros between them; gives where they end. */
async function readArchives(handle: FileHandle, from: number, names: Set<string>): Promise<number> {
  const { size } = await handle.stat();
  let begin = 0;
  let window: Buffer = Buffer.alloc(0);
  // A header and its name are read at once, and often those of the next files too.
  const bytes = async (at: number, length: number): Promise<Buffer> => {
    if (at < begin || at + length > begin + window.length) {
      [begin, window] = [at, await bytesAt(handle, at, Math.max(windowSize, length))];
    }
    return window.subarray(at - begin, at - begin + length);
  };
  let at = from;
  while (at < size) {
    const head = await bytes(at, header);
    if (/^\0{4}/.test(head.toString('latin1', 0, 4))) {
      at += 4;
      continue;
    }
    if (!/^07070[12]/.test(head.toString('latin1', 0, 6)) || head.length < header) break;
    const field = (index: number) => parseInt(head.toString('latin1', 6 + index * 8, 14 + index * 8), 16);
    const [length, nameLength] = [field(6), field(11)];
    const name = (await bytes(at + header, nameLength - 1)).toString();
    if (name !== 'TRAILER!!!') names.add(name);
    at = aligned(aligned(at - from + header + nameLength) + length) + from;
  }
  return at;
}

const aligned = (position: number) => Math.ceil(position / 4) * 4;

async function bytesAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** Bytes that are unpacked at once: a hundred megabytes in small pieces would take thousands of turns. */
const pieceSize = 2 ** 20;

interface Packed {
  readonly file: string;
  readonly at: number;
  readonly magic: string;
}

/** Unpacks what begins at a byte of a file. */
async function unpack(host: Caller, { file, at, magic }: Packed, to: string): Promise<boolean> {
  if (magic.startsWith('\x1f\x8b')) {
    await pipeline(
      createReadStream(file, { start: at, highWaterMark: pieceSize }),
      createGunzip({ chunkSize: pieceSize }),
      createWriteStream(to),
    );
    return true;
  }
  const packed = `${to}.packed`;
  const program = unpacker(magic, packed);
  if (program === undefined) return false;
  await pipeline(createReadStream(file, { start: at }), createWriteStream(packed));
  await run(host, program, { stdoutFile: to });
  return true;
}

/** By the bytes with which the kernel itself tells them apart (lib/decompress.c). */
function unpacker(magic: string, packed: string): Command | undefined {
  const [name, args] = magic.startsWith('\x28\xb5\x2f\xfd')
    ? (['zstd', ['-d', '-c', '-q', packed]] as const)
    : magic.startsWith('\xfd7zXZ') || magic.startsWith(']\0\0')
      ? (['xz', ['-d', '-c', packed]] as const)
      : magic.startsWith('\x02\x21\x4c\x18') || magic.startsWith('\x04\x22\x4d\x18')
        ? (['lz4', ['-d', '-c', packed]] as const)
        : [];
  return name === undefined || findProgram(name) === undefined ? undefined : command(name, args);
}
