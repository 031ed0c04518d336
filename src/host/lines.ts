import { StringDecoder } from 'node:string_decoder';

/** Characters. What is longer is told in pieces: a program may never end its line. */
const longestLine = 64 * 1024;

/** Takes text in chunks of bytes, as they come, and tells each line of it. */
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

  /** What stands after the last line break is a line as well. */
  end(): void {
    this.#rest += this.#decoder.end();
    if (this.#rest !== '') this.#flush();
  }

  #flush(): void {
    this.tell(this.#rest);
    this.#rest = '';
  }
}

/** The last lines of a text that may be endless, without the empty ones. */
export class LastLines {
  readonly #lines: string[] = [];

  /** @param count how many are kept */
  constructor(private readonly count: number) {}

  add(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push(line);
    if (this.#lines.length > this.count) this.#lines.shift();
  }

  text(): string {
    return this.#lines.join('\n');
  }
}
