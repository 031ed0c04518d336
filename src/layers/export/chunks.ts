/** Bytes that are passed on together: few enough to stay in the processor's cache until they are hashed and written. */
const chunkSize = 256 * 1024;

/** Puts pieces of all sizes together, so that few large ones are passed on. Files are read into it without another copy. */
export class Chunks {
  #buffer = Buffer.allocUnsafeSlow(chunkSize);
  #length = 0;
  #full: Buffer[] = [];

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.room();
      const part = bytes.subarray(at, at + room.length);
      room.set(part);
      this.filled(part.length);
      at += part.length;
    }
  }

  /** Where the next bytes go: one at least. {@link filled} says how many there are then. */
  room(): Buffer {
    return this.#buffer.subarray(this.#length);
  }

  filled(count: number): void {
    this.#length += count;
    if (this.#length < chunkSize) return;
    this.#full.push(this.#buffer);
    // What was passed on may still be written.
    this.#buffer = Buffer.allocUnsafeSlow(chunkSize);
    this.#length = 0;
  }

  /** What has become full since it was asked for; each chunk belongs to the caller. */
  full(): Buffer[] {
    if (this.#full.length === 0) return this.#full;
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** The last one, which may be empty. */
  rest(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
