import { open } from 'node:fs/promises';

/** The log of a serial console, while QEMU still writes it. */
export class ConsoleLog {
  #offset = 0;

  constructor(readonly file: string) {}

  /** What came since the last call. A file that got shorter was begun anew: virtlogd keeps logs below 2 MiB. */
  async read(): Promise<Buffer> {
    const handle = await open(this.file, 'r').catch(() => undefined);
    if (!handle) return Buffer.alloc(0);
    try {
      const { size } = await handle.stat();
      if (size < this.#offset) this.#offset = 0;
      const length = size - this.#offset;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, this.#offset);
      this.#offset += bytesRead;
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }
}
