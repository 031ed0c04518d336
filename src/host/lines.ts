import { StringDecoder } from 'node:string_decoder';

/** Characters. A longer line is passed on in pieces: a program may never end it. */
const longestLine = 64 * 1024;

/** Splits a stream of bytes into lines, and passes on each. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(private readonly tell: (line: string) => void) {}

  write(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(chunk))).split('\n');
    this.#rest = lines.pop() ?? '';
    lines.forEach((line) => this.tell(line));
    if (this.#rest.length > longestLine) this.#flush();
  }

  /** Passes on the text after the last line break as a line. */
  end(): void {
    this.#rest += this.#decoder.end();
    if (this.#rest !== '') this.#flush();
  }

  #flush(): void {
    this.tell(this.#rest);
    this.#rest = '';
  }
}

/** Characters of a line that is kept to be quoted. */
const longestQuoted = 1000;

/** Keeps the last lines of an endless text, without empty ones; of a long line its beginning. */
export class LastLines {
  readonly #lines: string[] = [];

  /** @param count how many are kept */
  constructor(private readonly count: number) {}

  add(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push(line.length > longestQuoted ? `${line.slice(0, longestQuoted)}…` : line);
    if (this.#lines.length > this.count) this.#lines.shift();
  }

  text(): string {
    return this.#lines.join('\n');
  }
}
