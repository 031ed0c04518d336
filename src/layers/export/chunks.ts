/** Bytes that are passed on together: few enough to stay in the processor's cache until they are hashed and written. */
const chunkSize = 256 * 1024;

/**
 * Puts pieces of all sizes together, so that few large ones are passed on. Files are read into it without another copy. The
 * memory is used again: fresh memory for each chunk would cost more than what it is used for.
 */
export class Chunks {
  #buffer = Buffer.allocUnsafeSlow(chunkSize);
  #length = 0;
  #full: Buffer<ArrayBuffer>[] = [];
  /** What was passed on, the latest last, and what is free again. */
  #passedOn: Buffer<ArrayBuffer>[][] = [[], []];
  readonly #free: Buffer<ArrayBuffer>[] = [];

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
    this.#buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(chunkSize);
    this.#length = 0;
  }

  /** What has become full since it was asked for. It is valid until others have become full and were asked for twice. */
  full(): Buffer[] {
    const full = this.#full;
    if (full.length === 0) return full;
    const [past = [], ...passedOn] = this.#passedOn;
    this.#free.push(...past);
    this.#passedOn = [...passedOn, full];
    this.#full = [];
    return full;
  }

  /** The last one, which may be empty. */
  rest(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
