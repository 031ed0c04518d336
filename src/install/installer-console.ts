import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleLog } from '../machine/console-log.js';
import type { Progress } from '../host/log.js';
import { TerminalScreen } from '../machine/terminal-screen.js';

/** Why an installation can't go on, as the serial console shows it. */
export type Halt = 'question' | 'panic' | 'failed script';

/** How long a question must stand unanswered, in milliseconds: an installer prints some and answers them itself. */
const questionPatience = 20_000;

/** How often the console log is looked at, in milliseconds. */
const pollInterval = 500;

/** How a line ends at which an installer waits for somebody: the line of the cursor, or the one above where that is empty. */
const questions: readonly RegExp[] = [
  /Prompt: '\?' for help(, default=.*)?>$/, // debian-installer, text frontend (cdebconf)
  /\[Press enter to continue\]$/, // debian-installer, text frontend: notes and errors
  /Please make a selection from the above.*:$/, // Anaconda, text mode
  /Please respond '(yes|no)'.*:$/, // Anaconda, text mode
];

/** The same, above the cursor only: how a screen ends. */
const questionsAboveCursor: readonly RegExp[] = [
  // debian-installer, text frontend, below the status line of GNU screen: a password, asked for in any language
  /^\[ *\(1\*installer\)[^]*\S:$/,
  /(^|\n)An error occurred\. Press enter to start a shell$/, // subiquity, without its own screens
  /(^|\n)Continue with autoinstall\? \(yes\|no\)$/, // the same, if the word of consent is missing
];

const panic = /Kernel panic - not syncing/;

/** What the script of an answer file says where the installer would go on after its failure: stop-on-failure.sh.hbs. */
const failedScript = /image-factory: the script at the end of the installation failed/;

/** `Installing the base system  ... 6%... 83%`, as d-i's text frontend prints progress. */
const percentages = /^(\S.*?)\s*\.{3}\s*(?:\d{1,3}%\s*\.{3}\s*)*(\d{1,3})%/;

/**
 * An installer's serial console, seen as somebody at a terminal would see it: d-i, for one, runs GNU screen there, and
 * moves the cursor about. Tells the step the installer is at, and whether it has come to a halt.
 */
export class InstallerConsole {
  readonly #screen = new TerminalScreen();
  #lastOutput: number;
  #panicked = false;
  #scriptFailed = false;

  /** @param now milliseconds, of a clock that never goes back */
  constructor(now: number) {
    this.#lastOutput = now;
  }

  /** Takes what the console printed; says where the installer is, if it tells. */
  async read(output: Uint8Array | string, now: number): Promise<Progress | undefined> {
    this.#lastOutput = now;
    await this.#screen.write(output);
    this.#panicked ||= this.#screen.lines().some((line) => panic.test(line));
    this.#scriptFailed ||= this.#screen.lines().some((line) => failedScript.test(line));
    const match = percentages.exec(this.#screen.lineAtCursor());
    return match ? { text: match[1] ?? '', fraction: Math.min(Number(match[2]), 100) / 100 } : undefined;
  }

  haltAt(now: number): Halt | undefined {
    if (this.#panicked) return 'panic';
    if (this.#scriptFailed) return 'failed script';
    if (now - this.#lastOutput < questionPatience) return undefined;
    const line = this.#screen.lineAtCursor();
    const [shown, possible] =
      line === '' ? [this.screen(), [...questions, ...questionsAboveCursor]] : [line, questions];
    return possible.some((question) => question.test(shown)) ? 'question' : undefined;
  }

  /** What the terminal shows, without the empty lines. */
  screen(): string {
    return this.#screen.text();
  }
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
  const log = new ConsoleLog(file);
  let halt: Halt | undefined;
  for (let last = false; halt === undefined;) {
    const data = await log.read();
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
