import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory of elements for a test: `'web/install.d/10-x': '#!…'`; what lies in a phase's directory is executable. */
export function elementDirectory(files: Readonly<Record<string, string>>): { directory: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'elements-'));
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path.replace(/^!/, ''));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (/\.d\/[^/]*$/.test(path) && !path.startsWith('!') && !path.includes('environment.d')) chmodSync(file, 0o755);
  }
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
