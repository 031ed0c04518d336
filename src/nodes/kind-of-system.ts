import { readFile } from 'node:fs/promises';
import { parse } from 'ini';
import { pathInTree } from '../sandbox/tree-path.js';

/** What tells the packages of one distribution from those of another: `debian-13`, as os-release(5) has it. */
export async function kindOfSystem(root: string): Promise<string> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = await readFile(await pathInTree(root, path), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const { ID, VERSION_ID } = parse(text.replaceAll('"', '')) as Record<string, unknown>;
    const words = [ID ?? 'linux', VERSION_ID ?? 'rolling'].map(String);
    return words.join('-').replace(/[^A-Za-z0-9._-]/g, '_');
  }
  return 'unknown';
}
