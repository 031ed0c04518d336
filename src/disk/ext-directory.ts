import { Failure } from '../host/failure.js';
import { command, run, type Command, type Host } from '../host/host.js';

/** An entry of a directory on an ext file system, as `debugfs ls -p` prints it. */
export interface Entry {
  readonly path: string;
  readonly kind: 'directory' | 'file' | 'other';
}

/** A program's name for a file system inside a disk image: every tool of e2fsprogs understands `?offset=BYTES`. */
export function extDevice(disk: string, offset: number): string {
  return `${disk}?offset=${offset}`;
}

/** Runs requests on the file system, in the language of debugfs(8), one a line. */
export function debugfsCommand(device: string, requests: readonly string[], mode: 'read' | 'write'): Command {
  return command('debugfs', [...(mode === 'write' ? ['-w'] : []), '-f', '-', device], {
    input: requests.map((request) => `${request}\n`).join(''),
  });
}

/**
 * A path as a word of a debugfs request.
 *
 * @throws Failure for a name with a control character, which debugfs has no way to write
 */
export function quotePath(path: string): string {
  if (/\p{Cc}/u.test(path)) {
    throw new Failure(
      `the file name ${JSON.stringify(path)} in the image holds a control character and can't be handled`,
    );
  }
  return `"${path.replaceAll('"', '""')}"`;
}

const entryLine = /^\/(\d+)\/([0-7]{6})\/\d+\/\d+\/(.+)\/(\d*)\/$/;

/** Lists directories, all in one process. A directory that is not there has no entries. */
export async function listDirectories(host: Host, device: string, directories: readonly string[]): Promise<Entry[]> {
  if (directories.length === 0) return [];
  const requests = directories.map((directory) => `ls -p ${quotePath(directory)}`);
  const { stdout } = await run(host, debugfsCommand(device, requests, 'read'));
  const entries: Entry[] = [];
  let index = -1;
  for (const line of stdout.split('\n')) {
    if (line === `debugfs: ${requests[index + 1]}`) index++;
    else if (line !== '') entries.push(...readEntry(directories[index] ?? '', line));
  }
  return entries;
}

function readEntry(directory: string, line: string): Entry[] {
  const match = entryLine.exec(line);
  if (!match) {
    throw new Failure(
      `a file name in ${directory} of the image holds a line break and can't be handled: ${JSON.stringify(line)}`,
    );
  }
  const [, , mode = '', name = ''] = match;
  if (name === '.' || name === '..') return [];
  const kind = mode.startsWith('04') ? 'directory' : mode.startsWith('10') ? 'file' : 'other';
  return [{ path: `${directory.replace(/\/$/, '')}/${name}`, kind }];
}

/** Everything in and below the given entries, each directory before what it holds. */
export async function walk(host: Host, device: string, entries: readonly Entry[]): Promise<Entry[]> {
  const found = [...entries];
  for (let level = entries; level.length > 0;) {
    const directories = level.filter(({ kind }) => kind === 'directory').map(({ path }) => path);
    level = await listDirectories(host, device, directories);
    found.push(...level);
  }
  return found;
}

/** The entries that patterns name; `*` stands only in the last name of a pattern. All in one process. */
export async function matching(host: Host, device: string, patterns: readonly string[]): Promise<Entry[]> {
  const parents = [...new Set(patterns.map((pattern) => pattern.replace(/\/[^/]*$/, '')))];
  const entries = await listDirectories(host, device, parents);
  const expressions = patterns.map(
    (pattern) => new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`),
  );
  return entries.filter(({ path }) => expressions.some((expression) => expression.test(path)));
}
