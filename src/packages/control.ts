import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { command, run, type Caller } from '../host/host.js';

/**
 * What a package says of itself: the fields of its control file, without a line break at the end. It is kept beside a file of the
 * pool, which never changes.
 *
 * @throws Failure for a file that is no package
 */
export async function controlOf(host: Caller, file: string): Promise<string> {
  const kept = file.replace(/\.deb$/, '.control');
  if (existsSync(kept)) return (await readFile(kept, 'utf8')).trimEnd();
  const { stdout } = await run(host, command('dpkg-deb', ['--field', file]));
  const part = `${kept}.${process.pid}`;
  await writeFile(part, stdout);
  await rename(part, kept);
  return stdout.trimEnd();
}
