import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** A directory, file or link of an archive. Everything in it belongs to root. */
export type Packed =
  | { readonly kind: 'directory'; readonly mode?: number }
  | { readonly kind: 'link'; readonly target: string }
  /** A file of this machine, followed through links. */
  | { readonly kind: 'copy'; readonly from: string; readonly mode: number }
  | { readonly kind: 'text'; readonly text: string; readonly mode: number };

/** What is in an archive, by absolute path. The directories above come by themselves. */
export class Packing {
  readonly #entries = new Map<string, Packed>([['/', { kind: 'directory' }]]);

  /** What is there already stays. */
  add(path: string, entry: Packed): void {
    if (this.#entries.has(path)) return;
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const above = path.slice(0, at);
      if (!this.#entries.has(above)) this.#entries.set(above, { kind: 'directory' });
    }
    this.#entries.set(path, entry);
  }

  /** Each directory before what is in it. */
  entries(): [string, Packed][] {
    return [...this.#entries].sort(([one], [other]) => (one < other ? -1 : 1));
  }
}

/**
 * Writes an archive that Linux unpacks as its first root directory: the format `newc` of cpio(5), not compressed. See
 * "initramfs buffer format" in the documentation of the kernel.
 */
export async function writeCpio(packing: Packing, file: string): Promise<void> {
  await pipeline(blocks(packing), createWriteStream(file, { mode: 0o600 }));
}

async function* blocks(packing: Packing): AsyncGenerator<Buffer> {
  let inode = 0;
  for (const [path, entry] of packing.entries()) {
    const name = path === '/' ? '.' : path.slice(1);
    const type = { directory: 0o040000, link: 0o120000, copy: 0o100000, text: 0o100000 }[entry.kind];
    const mode = entry.kind === 'directory' ? (entry.mode ?? 0o755) : entry.kind === 'link' ? 0o777 : entry.mode;
    const content =
      entry.kind === 'text'
        ? Buffer.from(entry.text)
        : entry.kind === 'link'
          ? Buffer.from(entry.target)
          : Buffer.alloc(0);
    const size = entry.kind === 'copy' ? (await stat(entry.from)).size : content.length;
    yield header(++inode, type | mode, size, name);
    if (entry.kind === 'copy') {
      let written = 0;
      for await (const chunk of createReadStream(entry.from, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
        written += chunk.length;
        yield chunk;
      }
      if (written !== size) throw new Error(`${entry.from} changed while it was read`);
    } else yield content;
    yield padding(size);
  }
  yield header(0, 0, 0, 'TRAILER!!!');
}

function header(inode: number, mode: number, size: number, name: string): Buffer {
  const bytes = Buffer.from(`${name}\0`);
  // ino, mode, uid, gid, nlink, mtime, filesize, device and rdevice as two numbers each, namesize, check.
  const fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, bytes.length, 0];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([Buffer.from(text), bytes, padding(text.length + bytes.length)]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
