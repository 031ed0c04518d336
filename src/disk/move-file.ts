import { rename } from 'node:fs/promises';
import { dirname, basename, join } from 'node:path';
import { command, run, type Host } from '../host/host.js';

/** Moves a disk; between file systems it is copied, holes staying holes, and never half under its new name. */
export async function moveFile(host: Host, from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const part = join(dirname(to), `.${basename(to)}.part`);
    await run(host, command('cp', ['--sparse=always', '--reflink=auto', '--', from, part]));
    await rename(part, to);
  }
}
