import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The program's directory, which also holds `configs/`, `templates/`, `demo/` and `sudo-helper/`. */
export const programDirectory = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export function programVersion(): string {
  const text = readFileSync(join(programDirectory, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Whether this is the source, as tests and the renderer of the manual pages load it. */
const isSource = import.meta.url.endsWith('.ts');

/**
 * A module that is started by itself, or imported where this program is not: an entry point of build.js.
 *
 * @param name its path below src/, without its ending
 */
export function programModule(name: string): URL {
  return pathToFileURL(join(programDirectory, isSource ? `src/${name}.ts` : `lib/${name}.js`));
}
