import { readFile } from 'node:fs/promises';
import { namesPath, type PathPattern } from '../disk/path-patterns.js';
import { UsageError } from '../host/failure.js';

/** Permissions and owner of files that are copied into a tree. */
export interface FileMode {
  readonly pattern: PathPattern;
  /** Permissions, with the bits for set-uid, set-gid and sticky; undefined: as usual. */
  readonly mode: number | undefined;
  /** Names or numbers, as the tree's passwd and group have them. */
  readonly owner: string;
  readonly group: string;
}

/** The list beside a directory. */
export function modesFile(directory: string): string {
  return `${directory.replace(/\/+$/, '')}.modes`;
}

/**
 * The lines `PATH MODE [OWNER[:GROUP]]` of such a list. `*` in a path stands for a part of a name, a last `**` for all
 * below; a MODE of `-` leaves the usual one. Later lines override earlier ones.
 *
 * @throws UsageError with file and line of each that is none
 */
export async function readModes(directory: string): Promise<FileMode[]> {
  const file = modesFile(directory);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const problems: string[] = [];
  const modes = text.split('\n').flatMap((line, index) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const [pattern = '', mode = '', owner = 'root', ...rest] = line.trim().split(/\s+/);
    const isMode = mode === '-' || /^[0-7]{3,4}$/.test(mode);
    const isOwner = /^[\w.-]+(?::[\w.-]+)?$/.test(owner);
    if (!pattern.startsWith('/') || !isMode || !isOwner || rest.length > 0) {
      problems.push(
        `${file}:${index + 1}: expected 'PATH MODE [OWNER[:GROUP]]', such as '/etc/web.key 0640 root:www-data'`,
      );
      return [];
    }
    const [user = 'root', group = owner === 'root' ? 'root' : user] = owner.split(':');
    return [{ pattern, mode: mode === '-' ? undefined : parseInt(mode, 8), owner: user, group }];
  });
  if (problems.length > 0) throw new UsageError(problems);
  return modes;
}

/** What is said of a path of the system: the last line of it. */
export function modeOf(modes: readonly FileMode[], path: string): FileMode | undefined {
  return modes.findLast(({ pattern }) => namesPath([pattern], path));
}
