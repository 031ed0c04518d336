import { createRequire } from 'node:module';
import type { Terminal } from '@xterm/headless';

/** What a serial console is taken for by programs that can't ask: a VT100. */
const size = { cols: 80, rows: 24 } as const;

/** What somebody at a terminal would see: programs on a serial console clear it, draw boxes, and move the cursor about. */
export class TerminalScreen {
  static readonly columns = size.cols;

  readonly #terminal: Terminal;

  constructor() {
    // A quarter of a second of start-up that only those pay who watch a console.
    const xterm = createRequire(import.meta.url)('@xterm/headless') as typeof import('@xterm/headless');
    this.#terminal = new xterm.Terminal({ ...size, allowProposedApi: true, convertEol: true, scrollback: 0 });
  }

  async write(output: Uint8Array | string): Promise<void> {
    await new Promise<void>((written) => this.#terminal.write(output, written));
  }

  /** Every row from top to bottom. */
  lines(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: size.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
    );
  }

  /** Every line from top to bottom, without blanks at its end; one that takes several rows is one line. */
  unwrappedLines(): string[] {
    const { active } = this.#terminal.buffer;
    const lines: string[] = [];
    for (let row = 0; row < size.rows; row++) {
      const buffered = active.getLine(active.baseY + row);
      const text = buffered?.translateToString() ?? '';
      if (row > 0 && buffered?.isWrapped) lines.push((lines.pop() ?? '') + text);
      else lines.push(text);
    }
    return lines.map((line) => line.trimEnd());
  }

  /** The line that the cursor is in, from its beginning, which may be rows above. */
  lineAtCursor(): string {
    const { active } = this.#terminal.buffer;
    let row = active.baseY + active.cursorY;
    let line = active.getLine(row)?.translateToString(true) ?? '';
    // A program that moves the cursor itself wraps its rows without telling the terminal.
    while (row > 0 && (active.getLine(row)?.isWrapped || isFull(active.getLine(row - 1)))) {
      line = (active.getLine(--row)?.translateToString(true) ?? '') + line;
    }
    return line.trim();
  }

  /** What is shown, without the empty lines. */
  text(): string {
    return withoutEmptyLines(this.lines());
  }
}

export function withoutEmptyLines(lines: readonly string[]): string {
  return lines
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}

function isFull(line: { translateToString(): string } | undefined): boolean {
  return line !== undefined && /\S$/.test(line.translateToString()) && line.translateToString().length >= size.cols;
}
