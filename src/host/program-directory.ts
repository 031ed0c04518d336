import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program's directory, which also holds `configs/`, `templates/`, `demo/` and `sudo-helper/`. */
export const programDirectory = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export function programVersion(): string {
  const text = readFileSync(join(programDirectory, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** A module beside the one that asks, written as that is: compiled, or as its source in tests. @param asker its `import.meta.url` */
export function moduleBeside(asker: string, name: string): URL {
  return new URL(`./${name}${/\.ts$/.test(fileURLToPath(asker)) ? '.ts' : '.js'}`, asker);
}
