/** What went wrong in a build, told so that the reader can act: what failed, on what, why — and what to try. */
export class Failure extends Error {
  /** One sentence that says what to do next, if there is something to do. */
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'Failure';
    this.hint = options.hint;
  }
}

/** The user's own mistake in arguments or configuration: every problem at once, exit code 2. */
export class UsageError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'UsageError';
    this.problems = problems;
  }
}

/** The build was told to stop (Ctrl-C, SIGTERM, SIGHUP): exit code 130. */
export class Interrupted extends Error {
  constructor(readonly reason: string) {
    super(`interrupted by ${reason}`);
    this.name = 'Interrupted';
  }
}

/** What a program or a screen said, set off from the message that quotes it. */
export function indented(text: string): string {
  return text.replace(/^/gm, '  | ');
}
