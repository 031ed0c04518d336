import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { KnownSecrets } from '../host/known-secrets.js';
import type { Log } from '../host/log.js';
import { maskOf } from '../host/mask.js';

/**
 * Masks secrets in a text file that another program has finished writing, and then gives it the mode of this user's own
 * files: virtlogd's logs are readable only by their owner. A missing file is ignored; one that this user can't read keeps
 * its mode, with a warning.
 */
export async function maskFile({ log, secrets }: { log: Log; secrets: KnownSecrets }, file: string): Promise<void> {
  try {
    await maskContent(file, secrets);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    await rm(`${file}.part`, { force: true });
    log.warn(`Secrets in ${file} could not be masked: ${message}`);
  }
}

async function maskContent(file: string, secrets: KnownSecrets): Promise<void> {
  // A console prints what it likes: in latin1 each byte is a character, and what is no UTF-8 stays as it is.
  const asBytes = secrets.values().map((secret) => Buffer.from(secret).toString('latin1'));
  const mask = maskOf([...secrets.values(), ...asBytes]);
  const text = await readFile(file, 'latin1');
  const masked = mask(text);
  const { mode } = await stat(file);
  if (masked !== text) {
    await writeFile(`${file}.part`, masked, { encoding: 'latin1', mode });
    await rename(`${file}.part`, file);
  }
  await chmod(file, 0o666 & ~process.umask());
}
