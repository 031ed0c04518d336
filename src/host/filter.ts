import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { commandFailure } from './command-failure.js';
import { shellLine, type Caller, type Command } from './host.js';
import { LastLines, Lines } from './lines.js';
import { programPath } from './programs.js';

/** The lines of a filter's error output that its failure quotes. */
const shownLines = 20;

/** How to run a filter. */
export interface FilterOptions {
  /** Gets each line of its error output as it comes. What it throws stops the filter. */
  readonly onMessage?: (line: string) => void;
}

/**
 * A program as a stage of a pipeline: it reads the stage before it, and what it writes is passed on.
 *
 * @returns a function that takes the input; for a program that reads none, an empty one
 * @throws Failure, when the output ends, with the command, its exit code and the end of its error output
 * @throws the error of the stage before, if that one failed: what a program says of a cut input would mislead
 */
export function filter(
  caller: Caller,
  called: Command,
  { onMessage }: FilterOptions = {},
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Buffer> {
  return async function* (source) {
    caller.signal.throwIfAborted();
    caller.log.debug(`Calling ${shellLine(called)}`);
    const child = execa(called.file, called.args, {
      ...(called.cwd === undefined ? {} : { cwd: called.cwd }),
      env: { PATH: programPath(), ...called.env },
      stdin: 'pipe',
      buffer: false,
      cancelSignal: caller.signal,
      forceKillAfterDelay: 5000,
      reject: false,
      stripFinalNewline: false,
    });
    const last = new LastLines(shownLines);
    let objection: Error | undefined;
    const messages = new Lines((line) => {
      last.add(line);
      try {
        onMessage?.(line);
      } catch (error) {
        objection ??= error as Error;
        child.kill();
      }
    });
    child.stderr.on('data', (chunk: Uint8Array) => messages.write(chunk));
    const feeding = pipeline(source, child.stdin).then(
      () => undefined,
      (error: Error) => error,
    );
    let whole = false;
    try {
      for await (const chunk of child.stdout) yield chunk as Buffer;
      whole = true;
    } finally {
      // A stage that follows has failed, or wants no more.
      if (!whole) child.kill();
      await child;
      messages.end();
      if (!whole) await feeding;
    }
    const [result, fed] = [await child, await feeding];
    if (objection !== undefined) throw objection;
    caller.signal.throwIfAborted();
    if (fed !== undefined && !isClosedPipe(fed)) throw fed;
    if (!result.failed) return;
    const bounds = { timeLimit: undefined, killSignal: 'SIGTERM' as const };
    throw commandFailure(called, shellLine(called), { ...result, said: last.text(), ...bounds });
  };
}

/** Whether a program has ended before it read all that it was given. */
function isClosedPipe(error: Error): boolean {
  return ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** The input of a filter that reads none. */
export async function* nothing(): AsyncGenerator<Uint8Array> {}
