import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run, type Caller, type Command } from '../host/host.js';

/** The lines of a file, each character one byte, with as much memory as the longest line needs. */
export function linesOf(file: string): AsyncIterable<string> {
  // A carriage return alone would end a line of readline; getfattr and manifests escape it.
  return createInterface({ input: createReadStream(file, 'latin1'), crlfDelay: Infinity });
}

/**
 * Runs a program with much output, and gives its lines when it has ended, each character one byte.
 *
 * @throws Failure if the program fails, before the first line
 */
export async function* linesOfProgram(host: Caller, called: Command): AsyncGenerator<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'image-factory-lines-'));
  try {
    const stdoutFile = join(scratch, 'output');
    await run(host, called, { stdoutFile });
    yield* linesOf(stdoutFile);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
