import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../host/log.js';

/** Why an installation can't go on, as the serial console shows it. */
export type Halt = 'question' | 'panic';

/** How long a question must stand unanswered, in milliseconds: an installer prints some and answers them itself. */
const questionPatience = 20_000;

/** How often the console log is looked at, in milliseconds. */
const pollInterval = 500;

/** Last lines at which an installer waits for somebody. */
const questions: readonly RegExp[] = [
  /Prompt: '\?' for help(, default=.*)?>\s*$/, // debian-installer, text frontend (cdebconf)
  /\[Press enter to continue\]\s*$/, // debian-installer, text frontend: notes and errors
  /Please make a selection from the above.*:\s*$/, // Anaconda, text mode
  /Please respond '(yes|no)'.*:\s*$/, // Anaconda, text mode
];

const panics: readonly RegExp[] = [/Kernel panic - not syncing/];

/** `Installing the base system  ... 83%`, as d-i's text frontend prints progress. */
const percentage = /^\s*(\S.*?)[\s.]*\.{3}\s*(\d{1,3})%/;

/** Reads the text of an installer's serial console: the step it is at, and whether it has come to a halt. */
export class InstallerConsole {
  /** What is kept of the end of the console, in characters: more than a screen. */
  static readonly #memory = 8192;

  #tail = '';
  #lastOutput: number;
  #panicked = false;

  /** @param now milliseconds, of a clock that never goes back */
  constructor(now: number) {
    this.#lastOutput = now;
  }

  /** Takes what the console printed; says where the installer is, if it tells. */
  read(text: string, now: number): Progress | undefined {
    this.#lastOutput = now;
    const seen = withoutControls(this.#tail.slice(-200) + text);
    this.#panicked ||= panics.some((panic) => panic.test(seen));
    this.#tail = (this.#tail + text).slice(-InstallerConsole.#memory);
    const match = linesOf(withoutControls(this.#tail.slice(-1024)))
      .reverse()
      .map((line) => percentage.exec(line))
      .find((found) => found !== null);
    return match && { text: (match[1] ?? '').trim(), fraction: Math.min(Number(match[2]), 100) / 100 };
  }

  haltAt(now: number): Halt | undefined {
    if (this.#panicked) return 'panic';
    const last = linesOf(withoutControls(this.#tail)).at(-1) ?? '';
    const asks = questions.some((question) => question.test(last));
    return asks && now - this.#lastOutput >= questionPatience ? 'question' : undefined;
  }
}

function linesOf(text: string): string[] {
  return text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
}

/** Escape sequences of ECMA-48 (CSI, and those of two or three characters), and other control characters. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const controls = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]|\x1b[()][0-9A-B]|[\x00-\x07\x0b\x0c\x0e-\x1a]/g;

function withoutControls(text: string): string {
  return text.replace(controls, '').replace(/[\b]+/g, '\r');
}

/**
 * Follows a console log while QEMU writes it, until the signal ends it.
 *
 * @param onProgress is told each step of the installer
 * @returns why the installer halted, or undefined if the signal came first
 */
export async function followConsole(
  file: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Halt | undefined> {
  const console = new InstallerConsole(performance.now());
  const decoder = new TextDecoder();
  let offset = 0;
  while (!signal.aborted) {
    const bytes = await readFrom(file, offset);
    if (bytes.rotated) offset = 0;
    if (bytes.data.length > 0) {
      offset += bytes.data.length;
      const progress = console.read(decoder.decode(bytes.data, { stream: true }), performance.now());
      if (progress) onProgress(progress);
    }
    const halt = console.haltAt(performance.now());
    if (halt) return halt;
    await sleep(pollInterval, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
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

/** Columns and rows of the screen that errors show. */
const screen = { cols: 100, rows: 25 } as const;

/** What somebody at the serial console would see now: escape sequences carried out, blank lines left out. */
export async function lastScreen(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return '';
  const { default: xterm } = await import('@xterm/headless');
  const terminal = new xterm.Terminal({ ...screen, allowProposedApi: true, convertEol: true, scrollback: 0 });
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, 64 * 1024);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    await new Promise<void>((written) => terminal.write(buffer.subarray(0, bytesRead), written));
    const rows = Array.from(
      { length: screen.rows },
      (_, row) => terminal.buffer.active.getLine(row)?.translateToString(true) ?? '',
    );
    return rows.filter((row) => row !== '').join('\n');
  } finally {
    terminal.dispose();
    await handle.close();
  }
}
