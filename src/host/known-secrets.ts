import { maskOf, type Mask } from './mask.js';

/** The secrets that a command has met so far, and a mask that knows them all. */
export class KnownSecrets {
  readonly #values = new Set<string>();
  #mask = maskOf([]);

  /** From now on these are masked as well. */
  learn(secrets: Iterable<string>): void {
    const before = this.#values.size;
    for (const secret of secrets) this.#values.add(secret);
    if (this.#values.size > before) this.#mask = maskOf([...this.#values]);
  }

  readonly mask: Mask = (text) => this.#mask(text);

  /** For {@link maskOf}, where a text is not in UTF-8. */
  values(): string[] {
    return [...this.#values];
  }
}
