import { SignWatch, type Seen } from './sign-watch.js';
import type { Sign } from './signs/sign.js';
import { TerminalScreen } from './terminal-screen.js';

/** Rows of output that are shown before the screen is looked at: less than it has, so that nothing scrolls by unseen. */
const rowsAtOnce = 12;

/** A serial console, as somebody at a terminal would see it who knows the signs. Times are in milliseconds. */
export class WatchedConsole {
  readonly screen = new TerminalScreen();
  readonly #watch: SignWatch;

  constructor(signs: readonly Sign[]) {
    this.#watch = new SignWatch(signs);
  }

  /** Takes what the console printed. */
  async write(output: Uint8Array | string, now: number): Promise<void> {
    for (const piece of pieces(typeof output === 'string' ? Buffer.from(output) : output)) {
      await this.screen.write(piece);
      this.#watch.look({ lines: this.screen.unwrappedLines(), lineAtCursor: this.screen.lineAtCursor() }, now);
    }
  }

  /** The sign that the machine will not go on by itself. */
  endAt(now: number): Seen | undefined {
    return this.#watch.endAt(now);
  }

  /** Whether the installation said that it is complete. */
  get complete(): boolean {
    return this.#watch.complete;
  }

  /** What was seen of trouble: each failed unit, and of each other kind the last line. */
  get troubles(): readonly Seen[] {
    return this.#watch.troubles;
  }
}

/** Output in pieces of so many rows. */
function* pieces(output: Uint8Array): Iterable<Uint8Array> {
  for (let start = 0; start < output.length;) {
    let end = start;
    for (let rows = 0, columns = 0; rows < rowsAtOnce && end < output.length; end++) {
      columns++;
      if (output[end] === 0x0a || columns === TerminalScreen.columns) {
        rows++;
        columns = 0;
      }
    }
    yield output.subarray(start, end);
    start = end;
  }
}
