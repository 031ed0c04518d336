import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Terminal } from '@xterm/headless';
import type { Progress } from '../host/log.js';

/** Why an installation can't go on, as the serial console shows it. */
export type Halt = 'question' | 'panic';

/** How long a question must stand unanswered, in milliseconds: an installer prints some and answers them itself. */
const questionPatience = 20_000;

/** How often the console log is looked at, in milliseconds. */
const pollInterval = 500;

/** What a serial console is taken for by installers that can't ask: a VT100. */
const screenSize = { cols: 80, rows: 24 } as const;

/** Lines, up to the cursor, at which an installer waits for somebody. */
const questions: readonly RegExp[] = [
  /Prompt: '\?' for help(, default=.*)?>$/, // debian-installer, text frontend (cdebconf)
  /\[Press enter to continue\]$/, // debian-installer, text frontend: notes and errors
  /Please make a selection from the above.*:$/, // Anaconda, text mode
  /Please respond '(yes|no)'.*:$/, // Anaconda, text mode
];

const panic = /Kernel panic - not syncing/;

/** `Installing the base system  ... 6%... 83%`, as d-i's text frontend prints progress. */
const percentages = /^(\S.*?)\s*\.{3}\s*(?:\d{1,3}%\s*\.{3}\s*)*(\d{1,3})%/;

/**
 * An installer's serial console, seen as somebody at a terminal would see it: d-i, for one, runs GNU screen there, and
 * moves the cursor about. Tells the step the installer is at, and whether it has come to a halt.
 */
export class InstallerConsole {
  readonly #terminal: Terminal;
  #lastOutput: number;
  #panicked = false;

  /** @param now milliseconds, of a clock that never goes back */
  constructor(now: number) {
    // A quarter of a second of start-up that only installations pay.
    const xterm = createRequire(import.meta.url)('@xterm/headless') as typeof import('@xterm/headless');
    this.#terminal = new xterm.Terminal({ ...screenSize, allowProposedApi: true, convertEol: true, scrollback: 0 });
    this.#lastOutput = now;
  }

  /** Takes what the console printed; says where the installer is, if it tells. */
  async read(output: Uint8Array | string, now: number): Promise<Progress | undefined> {
    this.#lastOutput = now;
    await new Promise<void>((written) => this.#terminal.write(output, written));
    const lines = this.#lines();
    this.#panicked ||= lines.some((line) => panic.test(line));
    const match = percentages.exec(this.#lineAtCursor());
    return match ? { text: match[1] ?? '', fraction: Math.min(Number(match[2]), 100) / 100 } : undefined;
  }

  haltAt(now: number): Halt | undefined {
    if (this.#panicked) return 'panic';
    if (now - this.#lastOutput < questionPatience) return undefined;
    const line = this.#lineAtCursor();
    return questions.some((question) => question.test(line)) ? 'question' : undefined;
  }

  /** What the terminal shows, without the empty lines. */
  screen(): string {
    return this.#lines()
      .map((line) => line.trimEnd())
      .filter((line) => line !== '')
      .join('\n');
  }

  #lines(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: screenSize.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
    );
  }

  /** The line that the cursor is in, from its beginning, which may be rows above. */
  #lineAtCursor(): string {
    const { active } = this.#terminal.buffer;
    let row = active.baseY + active.cursorY;
    let line = active.getLine(row)?.translateToString(true) ?? '';
    // A program that moves the cursor itself wraps its rows without telling the terminal.
    while (row > 0 && (active.getLine(row)?.isWrapped || isFull(active.getLine(row - 1)))) {
      line = (active.getLine(--row)?.translateToString(true) ?? '') + line;
    }
    return line.trim();
  }
}

function isFull(line: { translateToString(): string } | undefined): boolean {
  return (
    line !== undefined && /\S$/.test(line.translateToString()) && line.translateToString().length >= screenSize.cols
  );
}

export interface ConsoleEnd {
  /** Why the installer halted, or undefined if it did not. */
  readonly halt: Halt | undefined;
  /** The last screen. */
  readonly screen: string;
}

/**
 * Follows a console log while QEMU writes it, until the installer halts or the signal ends it.
 *
 * @param onProgress is told each step of the installer
 */
export async function followConsole(
  file: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<ConsoleEnd> {
  const console = new InstallerConsole(performance.now());
  let offset = 0;
  let halt: Halt | undefined;
  for (let last = false; halt === undefined;) {
    const { data, rotated } = await readFrom(file, offset);
    offset = (rotated ? 0 : offset) + data.length;
    if (data.length > 0) {
      const progress = await console.read(data, performance.now());
      if (progress) onProgress(progress);
    }
    halt = console.haltAt(performance.now());
    if (last) break;
    await sleep(pollInterval, undefined, { signal }).catch(() => undefined);
    // What was printed just before the end is read as well.
    last = signal.aborted;
  }
  return { halt, screen: console.screen() };
}

/** What the file holds from an offset on. A file that got shorter was begun anew: virtlogd keeps logs below 2 MiB. */
async function readFrom(file: string, offset: number): Promise<{ readonly data: Buffer; readonly rotated: boolean }> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return { data: Buffer.alloc(0), rotated: false };
  try {
    const { size } = await handle.stat();
    const rotated = size < offset;
    const start = rotated ? 0 : offset;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    return { data: buffer.subarray(0, bytesRead), rotated };
  } finally {
    await handle.close();
  }
}
