import { rename, rm } from 'node:fs/promises';
import { dirname, basename, join } from 'node:path';
import { Failure } from '../host/failure.js';
import { command, run, type Host } from '../host/host.js';

/**
 * Moves a disk. Between file systems it is copied, keeps its holes, and gets its new name only when complete.
 *
 * @throws Failure that names both files. The disk then keeps its old name, and no partial copy is left.
 */
export async function moveFile(host: Host, from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw cannotMove(from, to, error);
    await copy(host, from, to);
    await rm(from);
  }
}

async function copy(host: Host, from: string, to: string): Promise<void> {
  const part = join(dirname(to), `.${basename(to)}.part`);
  try {
    await run(host, command('cp', ['--sparse=always', '--reflink=auto', '--', from, part]));
    await rename(part, to).catch((error: unknown) => {
      throw cannotMove(from, to, error);
    });
  } finally {
    await rm(part, { force: true });
  }
}

function cannotMove(from: string, to: string, error: unknown): Failure {
  return new Failure(`can't move ${from} to ${to}: ${(error as Error).message}`, { cause: error });
}
