import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Caller } from './host.js';

/** Large enough to make reading cheap compared to hashing, small enough for progress and Ctrl-C. */
const readSize = 4 * 1024 * 1024;

/** Streams a file once through SHA-256; the sum is in lower-case hexadecimal. */
export async function sha256Of(host: Caller, path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const hash = createHash('sha256');
    const read = (buffer: Buffer, position: number) => file.read(buffer, 0, readSize, position);
    let done = 0;
    let reading = read(Buffer.allocUnsafe(readSize), 0);
    let spare: Buffer = Buffer.allocUnsafe(readSize);
    for (;;) {
      const { buffer, bytesRead } = await reading;
      if (bytesRead === 0) return hash.digest('hex');
      host.signal.throwIfAborted();
      done += bytesRead;
      // The disk fills the spare buffer while the processor hashes this one.
      reading = read(spare, done);
      hash.update(buffer.subarray(0, bytesRead));
      spare = buffer;
      host.log.progress({ text: `Checksum of ${basename(path)}`, fraction: Math.min(1, done / size) });
    }
  } finally {
    await file.close();
  }
}
