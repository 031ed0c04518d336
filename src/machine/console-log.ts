import { appendFile, open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { Failure } from '../host/failure.js';

// virtlogd keeps the log of a serial console below 2 MiB: a full one is renamed to `FILE.0`, what was `FILE.0` to `FILE.1`,
// and so on, the oldest first, and then a new file gets the name (libvirt's src/util/virrotatingfile.c). virtlogd.conf(5)
// says how large a log may be (`max_size`), and how many full ones are kept (`max_backups`, 3 by default).

/** Reads the log of a serial console while QEMU writes it. Each byte is read once, also where the log is rotated meanwhile. */
export class ConsoleLog {
  #inode: bigint | undefined;
  #offset = 0;

  constructor(readonly file: string) {}

  /**
   * What came since the last call; nothing while there is no file. A file that became shorter has begun again.
   *
   * @throws Failure if there is a log that can't be read
   */
  async read(): Promise<Buffer> {
    const parts = await openParts(this.file);
    try {
      const known = parts.findIndex(({ inode }) => inode === this.#inode);
      const chunks: Buffer[] = [];
      for (const { handle, inode, size } of parts.slice(Math.max(known, 0))) {
        if (inode !== this.#inode || size < this.#offset) this.#offset = 0;
        this.#inode = inode;
        const length = size - this.#offset;
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, this.#offset);
        this.#offset += bytesRead;
        chunks.push(buffer.subarray(0, bytesRead));
      }
      return Buffer.concat(chunks);
    } finally {
      await close(parts);
    }
  }
}

/**
 * Makes one file of a log and the full ones before it, which are then gone. For a log that is no longer written to. Its
 * mode stays; a log that is not there, or was never rotated, is left alone.
 */
export async function joinRotated(file: string): Promise<void> {
  const parts = await partsOf(file);
  if (parts.length === 0 || (parts.length === 1 && parts[0] === file)) return;
  const joined = `${file}.part`;
  try {
    // What a console shows may be secret: from its first byte on the copy is open to the same users.
    await writeFile(joined, '', { mode: (await stat(parts.at(-1) ?? file)).mode & 0o777 });
    for (const part of parts) await appendFile(joined, await readFile(part));
    await rename(joined, file);
  } catch (error) {
    await rm(joined, { force: true });
    throw error;
  }
  for (const part of parts) if (part !== file) await rm(part, { force: true });
}

/** Removes a log and the full ones before it, so that what an earlier machine printed is not taken for this one's. */
export async function removeLog(file: string): Promise<void> {
  for (const part of await partsOf(file)) await rm(part, { force: true });
}

interface Part {
  readonly name: string;
  readonly handle: FileHandle;
  readonly inode: bigint;
  readonly size: number;
}

async function partsOf(file: string): Promise<string[]> {
  const parts = await openParts(file);
  await close(parts);
  return parts.map(({ name }) => name);
}

/** The parts of a log, the oldest first, each once. They are opened from the newest on: a rotation meanwhile hides none. */
async function openParts(file: string): Promise<Part[]> {
  const parts: Part[] = [];
  try {
    // While a log is rotated, one of the names is free.
    for (let number = -1, missing = 0; missing < 2; number++) {
      const name = number < 0 ? file : `${file}.${number}`;
      const handle = await openIfThere(name);
      missing = handle === undefined ? missing + 1 : 0;
      if (handle === undefined) continue;
      const { ino, size } = await handle.stat({ bigint: true });
      if (parts.some(({ inode }) => inode === ino)) await handle.close();
      else parts.unshift({ name, handle, inode: ino, size: Number(size) });
    }
    return parts;
  } catch (error) {
    await close(parts);
    throw error;
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Failure(`can't read the console of the virtual machine: ${message}`);
  }
}

async function close(parts: readonly Part[]): Promise<void> {
  for (const { handle } of parts) await handle.close();
}
