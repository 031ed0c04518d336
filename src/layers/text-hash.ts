import { createHash } from 'node:crypto';

/** Characters that are hashed at once. */
const chunk = 64 * 1024;

/** The SHA-256 of text that comes in many small pieces, of which each call of the hash would cost more than the hashing. */
export class TextHash {
  readonly #hash = createHash('sha256');
  #waiting = '';

  /** @param text each of its characters is one byte */
  update(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length >= chunk) this.#flush();
  }

  /** In hexadecimal; to be called once. */
  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#waiting, 'latin1');
    this.#waiting = '';
  }
}
