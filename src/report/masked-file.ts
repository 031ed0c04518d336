import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import type { KnownSecrets } from '../host/known-secrets.js';
import { maskOf } from '../host/mask.js';

/**
 * Takes secrets out of a text file that another program wrote, once that program is done with it. A file that is not
 * there, or tells nothing, is left alone.
 */
export async function maskFile(file: string, secrets: KnownSecrets): Promise<void> {
  // A console prints what it likes: in latin1 each byte is a character, and what is no UTF-8 stays as it is.
  const mask = maskOf(secrets.values().map((secret) => Buffer.from(secret).toString('latin1')));
  const text = await readFile(file, 'latin1').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const masked = mask(text);
  if (masked === text) return;
  const { mode } = await stat(file);
  await writeFile(`${file}.part`, masked, { encoding: 'latin1', mode });
  await rename(`${file}.part`, file);
}
