/** An error of a build. Its message says what failed, on what, and why; the hint says what to do. */
export class Failure extends Error {
  /** One sentence that says what to do next, if there is something to do. */
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'Failure';
    this.hint = options.hint;
  }
}

/** Nothing has the name that the user gave: their mistake, where nothing was done before it was found. */
export class UnknownName extends Failure {}

/** The user's own mistake in arguments or configuration: every problem at once, exit code 2. */
export class UsageError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'UsageError';
    this.problems = problems;
  }
}

/** A resource that a build took from the machine and could not release. */
export interface Unreleased {
  readonly what: string;
  readonly why: string;
  /** The command that releases it, if there is one. */
  readonly byHand: string | undefined;
}

/** A command failed or was interrupted (the cause), and some of its resources could not be released. */
export class NotReleased extends Error {
  constructor(
    readonly unreleased: readonly Unreleased[],
    override readonly cause: unknown,
  ) {
    super(`could not release ${unreleased.map(({ what }) => what).join(', ')}`, { cause });
    this.name = 'NotReleased';
  }
}

/** The build was told to stop (Ctrl-C, SIGTERM, SIGHUP): exit code 130. */
export class Interrupted extends Error {
  constructor(readonly reason: string) {
    super(`interrupted by ${reason}`);
    this.name = 'Interrupted';
  }
}

/** The output of a program or a screen, indented for a message that quotes it. */
export function indented(text: string): string {
  return text.replace(/^/gm, '  | ');
}
