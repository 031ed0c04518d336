import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleLog } from '../machine/console-log.js';
import type { Progress } from '../host/log.js';
import type { Seen } from '../machine/sign-watch.js';
import { signsOf } from '../machine/signs/signs.js';
import { WatchedConsole } from '../machine/watched-console.js';

/** How often the console log is looked at, in milliseconds. */
const pollInterval = 500;

/** `Installing the base system  ... 6%... 83%`, as d-i's text frontend prints progress, on the screen of GNU screen or not. */
const percentages =
  /^(?:\[ *\(1\*installer\)[^\]]*\]\[[^\]]*\] *)?(\S.*?)\s*\.{3}\s*(?:\d{1,3}%\s*\.{3}\s*)*(\d{1,3})%/;

/**
 * An installer's serial console, rendered as a terminal shows it: d-i, for one, runs GNU screen there, which moves the
 * cursor. Reports the installer's current step, and whether the installer is stuck.
 */
export class InstallerConsole {
  readonly #console = new WatchedConsole(signsOf('installation'));
  #lastStep: Progress | undefined;

  /**
   * Takes what the console printed; says where the installer is, if it tells.
   *
   * @param now milliseconds, of a clock that never goes back
   */
  async read(output: Uint8Array | string, now: number): Promise<Progress | undefined> {
    await this.#console.write(output, now);
    const shown = this.#console.screen.unwrappedLines().map(stepOf);
    this.#lastStep = shown.findLast((step) => step !== undefined) ?? this.#lastStep;
    return stepOf(this.#console.screen.lineAtCursor());
  }

  /** The sign that the installer will not go on by itself. */
  endAt(now: number): Seen | undefined {
    return this.#console.endAt(now);
  }

  /** Whether the installer said that it is done, or was done with the last step it told of. */
  get complete(): boolean {
    return this.#console.complete || this.#lastStep?.fraction === 1;
  }

  /** What was seen of trouble: each failed unit, and of each other kind the last line. */
  get troubles(): readonly Seen[] {
    return this.#console.troubles;
  }

  /** What the terminal shows, without the empty lines. */
  screen(): string {
    return this.#console.screen.text();
  }
}

function stepOf(line: string): Progress | undefined {
  const match = percentages.exec(line);
  return match ? { text: match[1] ?? '', fraction: Math.min(Number(match[2]), 100) / 100 } : undefined;
}

export interface ConsoleEnd {
  /** The sign that the installer would not go on, or undefined if there was none. */
  readonly sign: Seen | undefined;
  /** Whether the installer was done. */
  readonly complete: boolean;
  readonly troubles: readonly Seen[];
  /** The last screen. */
  readonly screen: string;
}

/**
 * Follows a console log while QEMU writes it, until a sign says that the installer will not go on, or the signal ends it.
 *
 * @param onProgress is told each step of the installer
 */
export async function followConsole(
  file: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<ConsoleEnd> {
  const console = new InstallerConsole();
  const log = new ConsoleLog(file);
  let sign: Seen | undefined;
  for (let last = false; sign === undefined;) {
    const data = await log.read();
    if (data.length > 0) {
      const progress = await console.read(data, performance.now());
      if (progress) onProgress(progress);
    }
    sign = console.endAt(performance.now());
    if (last) break;
    await sleep(pollInterval, undefined, { signal }).catch(() => undefined);
    // What was printed just before the end is read as well.
    last = signal.aborted;
  }
  return { sign, complete: console.complete, troubles: console.troubles, screen: console.screen() };
}
