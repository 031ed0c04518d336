import { command, type Caller } from '../host/host.js';
import { linesOfProgram } from './byte-lines.js';
import { unescaped } from './tree-entry.js';

/** The attributes of each entry that has any, by its path as the manifest has it. Bytes throughout. */
export type Attributes = ReadonlyMap<string, ReadonlyMap<string, Buffer>>;

/**
 * Reads the extended attributes of a whole tree with one call of getfattr(1): capabilities, access control lists, and
 * all others that this process may see. Symbolic links are not followed.
 */
export async function readAttributes(host: Caller, directory: string): Promise<Attributes> {
  const found = new Map<string, Map<string, Buffer>>();
  let current = new Map<string, Buffer>();
  const options = ['--recursive', '--physical', '--no-dereference', '--absolute-names'];
  // '.' keeps the paths that come back short, and free of what the directory's own path may contain.
  const call = command('getfattr', [...options, '--dump', '--match=-', '--encoding=hex', '.'], { cwd: directory });
  for await (const line of linesOfProgram(host, call)) {
    const path = /^# file: \.\/?(.*)$/s.exec(line)?.[1];
    const [, name, value = ''] = /^([^=]+)=(?:0x([0-9a-f]*))?$/.exec(line) ?? [];
    if (path !== undefined) {
      current = new Map<string, Buffer>();
      found.set(unescaped(path), current);
    }
    if (name !== undefined) current.set(unescaped(name), Buffer.from(value, 'hex'));
  }
  return found;
}
