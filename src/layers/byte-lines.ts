import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { run, type Caller, type Command } from '../host/host.js';
import { withScratchDirectory } from '../host/scratch-directory.js';

/** The lines of a file, each character one byte, with as much memory as the longest line needs. */
export function linesOf(file: string): AsyncIterable<string> {
  return lines(createReadStream(file, 'latin1'));
}

function lines(input: Readable): AsyncIterable<string> {
  // A carriage return alone would end a line of readline; getfattr and manifests escape it.
  return createInterface({ input, crlfDelay: Infinity });
}

/**
 * Runs a program with much output, and gives its lines when it has ended, each character one byte.
 *
 * @throws Failure if the program fails, before the first line
 */
export async function* linesOfProgram(host: Caller, called: Command): AsyncGenerator<string> {
  // An open file can be read and written after its name is gone, and goes with a process that is killed.
  const output = await withScratchDirectory('lines', (scratch) => open(join(scratch, 'output'), 'wx+'));
  try {
    await run(host, called, { stdoutFile: `/proc/self/fd/${output.fd}` });
    yield* lines(output.createReadStream({ encoding: 'latin1' }));
  } finally {
    await output.close();
  }
}
