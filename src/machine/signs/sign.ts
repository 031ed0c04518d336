/** What a sign on a console is a sign of. */
export type SignKind =
  /** The installer waits for input, and the installation is unattended. */
  | 'question'
  /** The kernel can't go on. */
  | 'panic'
  /** The program reports that it can't do its work. */
  | 'failure'
  /** A rescue shell was started instead. */
  | 'shell'
  /** Firmware and boot loader find nothing to start. */
  | 'no system'
  /** The machine stands still with its power on; a good end of an installation that said that it is complete. */
  | 'halted'
  /** The installation said that it is complete; ends nothing. */
  | 'complete'
  /** A unit of systemd did not start; ends nothing. */
  | 'failed unit'
  /** Worth a word where the machine does not get far; ends nothing. */
  | 'trouble';

/** Kinds that are no end. */
export const passing: ReadonlySet<SignKind> = new Set(['complete', 'failed unit', 'trouble']);

/** A text on a console that tells how it stands with the machine. */
export interface Sign {
  readonly kind: SignKind;
  /**
   * What the pattern is tried on: `line`, each line that is shown; `cursor`, the last line, at whose end programs wait for
   * an answer; `end`, all that is shown where the cursor is in an empty line, for what ends in more than a line. On
   * `cursor` and `end`, what the kernel prints in between does not count.
   */
  readonly where: 'line' | 'cursor' | 'end';
  readonly pattern: RegExp;
  /**
   * Seconds that the text must be shown without a change: 0 where nothing comes after it; more where an installer may print
   * it and go on by itself.
   */
  readonly stands: number;
  readonly counts: 'installation' | 'boot test' | 'both';
  /** A sentence without a full stop, for "waited for a login prompt, but …". */
  readonly means: string;
  /** What to do about it, as sentences, where the text itself does not tell. */
  readonly advice?: string;
}

/** Seconds that an installer may take to answer a question itself. Software emulation on a busy machine is slow. */
export const untilAnswered = 20;

const unanswered = 'the installer stopped at a question: the answer file does not answer it';

/** A question of an installer. */
export function question(where: Sign['where'], pattern: RegExp, advice?: string): Sign {
  return {
    kind: 'question',
    where,
    pattern,
    stands: untilAnswered,
    counts: 'installation',
    means: unanswered,
    ...(advice === undefined ? {} : { advice }),
  };
}
