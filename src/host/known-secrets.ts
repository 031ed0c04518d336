import { maskOf, type Mask } from './mask.js';

/** The secrets that a command has seen so far, and a mask for all of them. */
export class KnownSecrets {
  readonly #values = new Set<string>();
  #mask = maskOf([]);

  /** Also masks these from now on. */
  learn(secrets: Iterable<string>): void {
    const before = this.#values.size;
    for (const secret of secrets) this.#values.add(secret);
    if (this.#values.size > before) this.#mask = maskOf([...this.#values]);
  }

  readonly mask: Mask = (text) => this.#mask(text);

  /** For {@link maskOf}, with a text that is not UTF-8. */
  values(): string[] {
    return [...this.#values];
  }
}
