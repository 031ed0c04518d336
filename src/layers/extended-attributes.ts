import { command, run, type Caller, type Command } from '../host/host.js';
import { linesOfProgram } from './byte-lines.js';
import { escaped, unescaped } from './tree-entry.js';

/** The attributes of each entry that has any, by its path as the manifest has it. Bytes throughout. */
export type Attributes = ReadonlyMap<string, ReadonlyMap<string, Buffer>>;

/** Attributes to set, or to remove (undefined), by path and name. */
export type AttributeChanges = ReadonlyMap<string, ReadonlyMap<string, Buffer | undefined>>;

const dump = ['--no-dereference', '--absolute-names', '--dump', '--match=-', '--encoding=hex'];

/**
 * Reads the extended attributes of a whole tree with one call of getfattr(1): capabilities, access control lists, and
 * all others that this process may see. Symbolic links are not followed.
 */
export async function readAttributes(host: Caller, directory: string): Promise<Attributes> {
  // '.' keeps the paths that come back short, and free of what the directory's own path may contain.
  return parsed(host, command('getfattr', ['--recursive', '--physical', ...dump, '.'], { cwd: directory }));
}

/** Those of some entries of a tree. */
export async function attributesOf(host: Caller, directory: string, paths: readonly string[]): Promise<Attributes> {
  if (paths.length === 0) return new Map();
  return parsed(host, withPaths(directory, paths, ['getfattr', ...dump, '--']));
}

/** Sets and removes extended attributes of a tree's entries. Symbolic links are not followed, but those in a path are. */
export async function writeAttributes(host: Caller, directory: string, changes: AttributeChanges): Promise<void> {
  const removed = new Map<string, string[]>();
  const set: string[] = [];
  for (const [path, values] of changes) {
    const lines: string[] = [];
    for (const [name, value] of values) {
      if (value !== undefined) lines.push(`${escaped(name)}=0x${value.toString('hex')}`);
      else removed.set(name, [...(removed.get(name) ?? []), path]);
    }
    // setfattr would take a file without attributes for a mistake.
    if (lines.length > 0) set.push(`# file: ./${escaped(path)}`, ...lines, '');
  }
  for (const [name, paths] of removed) {
    await run(host, withPaths(directory, paths, ['setfattr', '--no-dereference', `--remove=${name}`, '--']));
  }
  if (set.length === 0) return;
  const input = `${set.join('\n')}\n`;
  await run(host, command('setfattr', ['--no-dereference', '--restore=-'], { cwd: directory, input }));
}

/** A call with paths that need not be UTF-8, which arguments of node must be. */
function withPaths(directory: string, paths: readonly string[], called: readonly string[]): Command {
  const input = Buffer.from(paths.map((path) => `./${path}\0`).join(''), 'latin1');
  return command('xargs', ['--null', ...called], { cwd: directory, input });
}

async function parsed(host: Caller, call: Command): Promise<Attributes> {
  const found = new Map<string, Map<string, Buffer>>();
  let current = new Map<string, Buffer>();
  for await (const line of linesOfProgram(host, call)) {
    const path = /^# file: \.\/?(.*)$/s.exec(line)?.[1];
    const [, name, value = ''] = /^([^=]+)=(?:0x([0-9a-f]*))?$/.exec(line) ?? [];
    // First, as the name of a file may look like an attribute ('x=', 'x=0x00'). No attribute's name begins with '#'.
    if (path !== undefined) {
      current = new Map<string, Buffer>();
      found.set(unescaped(path), current);
    } else if (name !== undefined) current.set(unescaped(name), Buffer.from(value, 'hex'));
  }
  return found;
}
