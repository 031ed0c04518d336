import { createHash, webcrypto } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Turns } from '../host/turns.js';
import { piecesOf } from './file-pieces.js';

const flags = constants.O_RDONLY | constants.O_NOFOLLOW;

/** Bytes. A smaller file is hashed before the thread pool would have begun with it. */
const small = 32 * 1024;

/** Bytes. A larger file is read in pieces. */
const large = 4 * 2 ** 20;

/** Bytes that may be in memory. */
const mostInMemory = 64 * 2 ** 20;

/**
 * Hashes many files at the same time with SHA-256: small ones at once, those of some size in the thread pool while the
 * next ones are read, large ones in pieces.
 */
export class FileHasher {
  readonly #largeFiles = new Turns(2);
  readonly #buffer = Buffer.allocUnsafeSlow(large);
  #inMemory = 0;

  /** Whether the caller should wait for digests before it asks for more: memory is bounded only then. */
  get isFull(): boolean {
    return this.#inMemory >= mostInMemory;
  }

  /**
   * The digest of a file, in hexadecimal.
   *
   * @param size as lstat(2) gives it, in bytes; a file that has grown is still read to its end
   */
  async digest(path: Buffer, size: number): Promise<string> {
    if (size >= large) return this.#largeFiles.take(() => hashInPieces(path));
    const length = this.#read(path);
    if (length === large) return this.#largeFiles.take(() => hashInPieces(path));
    const content = this.#buffer.subarray(0, length);
    if (length <= small) return createHash('sha256').update(content).digest('hex');
    // It copies the content before it returns.
    const digest = webcrypto.subtle.digest('SHA-256', content);
    this.#inMemory += length;
    return Buffer.from(await digest.finally(() => (this.#inMemory -= length))).toString('hex');
  }

  /** @returns how many bytes of the file are in the buffer now */
  #read(path: Buffer): number {
    const file = openSync(path, flags);
    try {
      let length = 0;
      for (;;) {
        const count = readSync(file, this.#buffer, length, large - length, length);
        length += count;
        if (count === 0 || length === large) return length;
      }
    } finally {
      closeSync(file);
    }
  }
}

async function hashInPieces(path: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of piecesOf(path, flags)) hash.update(piece);
  return hash.digest('hex');
}
