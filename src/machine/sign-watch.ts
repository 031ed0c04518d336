import { indented } from '../host/failure.js';
import { passing, type Sign } from './signs/sign.js';

/** What a console shows. */
export interface Shown {
  /** From top to bottom; a line that takes several rows is one. */
  readonly lines: readonly string[];
  /** The line that the cursor is in. */
  readonly lineAtCursor: string;
}

/** A sign that was seen, and the text. */
export interface Seen {
  readonly sign: Sign;
  readonly text: string;
}

/** Lines that stand on a screen beside what a program prints: of GNU screen (d-i), with a clock, and of tmux (Anaconda). */
const clock = /(\]\[[^[\]]*) \d\d?:\d\d( *\])$/;
const tmuxStatus = /^\[\w+\] ?\d+:main\*? /;

/** A kernel message, on a line of its own or after a program's output. */
const kernelMessage = /\[ *\d+\.\d{6}\](\[ *[TC]\d+\])? .*$/;

/** How long each of the known signs has been shown. Times are in milliseconds, of a clock that never goes back. */
export class SignWatch {
  readonly #signs: readonly Sign[];
  readonly #shown = new Map<Sign, { readonly text: string; readonly unchanged: string; readonly since: number }>();
  /** What was shown and has gone since, of the signs that need not stand. */
  readonly #passed = new Map<Sign, Seen>();
  readonly #troubles = new Map<string | Sign, Seen>();

  constructor(signs: readonly Sign[]) {
    this.#signs = signs;
  }

  /** Takes what is shown now. To be called for every screenful, so that nothing scrolls by unseen. */
  look({ lines, lineAtCursor }: Shown, now: number): void {
    const spoken = lines
      .filter((line) => !tmuxStatus.test(line))
      .map((line) => line.replace(kernelMessage, '').replace(clock, '$1$2').trimEnd())
      .filter((line) => line !== '');
    const end = spoken.join('\n');
    const current = lineAtCursor.replace(kernelMessage, '').trim();
    const last = current === '' ? (spoken.at(-1)?.trim() ?? '') : current;
    const places: Readonly<Record<Sign['where'], { texts: readonly string[]; unchanged?: string }>> = {
      line: { texts: lines },
      cursor: { texts: [last], unchanged: end },
      end: { texts: current === '' || current === last ? [end] : [], unchanged: end },
    };
    for (const sign of this.#signs) {
      const { texts, unchanged } = places[sign.where];
      const found = texts.filter((text) => sign.pattern.test(text));
      for (const line of found) {
        const text = line.trim();
        if (sign.kind === 'failed unit') this.#troubles.set(text, { sign, text });
        if (sign.kind === 'trouble') this.#troubles.set(sign, { sign, text });
      }
      this.#note(sign, found[0], unchanged ?? found[0] ?? '', now);
    }
  }

  #note(sign: Sign, text: string | undefined, unchanged: string, now: number): void {
    if (text === undefined) {
      this.#shown.delete(sign);
      return;
    }
    if (sign.stands === 0 && !this.#passed.has(sign)) this.#passed.set(sign, { sign, text: text.trim() });
    if (this.#shown.get(sign)?.unchanged === unchanged) return;
    this.#shown.set(sign, { text: text.trim(), unchanged, since: now });
  }

  /** The sign that ends the matter, if one was shown as long as it must be. */
  endAt(now: number): Seen | undefined {
    for (const sign of this.#signs) {
      if (passing.has(sign.kind)) continue;
      const passed = this.#passed.get(sign);
      if (passed !== undefined) return passed;
      const shown = this.#shown.get(sign);
      if (shown !== undefined && now - shown.since >= sign.stands * 1000) return { sign, text: shown.text };
    }
    return undefined;
  }

  /** Whether the installation said that it is complete. */
  get complete(): boolean {
    return [...this.#passed.keys()].some(({ kind }) => kind === 'complete');
  }

  /** What was seen of trouble: each failed unit, and of each other kind the last line, for there may be thousands. */
  get troubles(): readonly Seen[] {
    return [...this.#troubles.values()];
  }
}

/** Lines of trouble that a message names; the console log has the others. */
const namedTroubles = 5;

/** The last lines of trouble, for the end of a message; empty if there were none. */
export function troublesOf(troubles: readonly Seen[]): string {
  if (troubles.length === 0) return '';
  const last = troubles.slice(-namedTroubles).map(({ text }) => text);
  return `\nBefore that the console said:\n${indented(last.join('\n'))}`;
}
