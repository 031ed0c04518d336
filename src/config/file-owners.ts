import { readFileSync } from 'node:fs';
import { reasonOf } from '../host/errno.js';

/** Owner and permissions of a file that is copied into an image, where they are not root's, 0755 or 0644. */
export interface FileOwner {
  /** Undefined where the file keeps what it has. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** As for chmod(1). */
  readonly mode: string | undefined;
  /** Absolute in the image, without a slash at the end. */
  readonly path: string;
  /** Whether it goes for everything below the path as well. */
  readonly recursive: boolean;
}

const account = /^(?:-|[a-z_][a-z0-9_-]{0,31}|\d{1,10})$/i;
const mode = /^(?:-|[0-7]{3,4}|[ugoa]*[-+=][rwxXst]*(?:,[ugoa]*[-+=][rwxXst]*)*)$/;

/** Beside a directory of `files`: what of it has other owners and permissions. */
export function ownersFile(directory: string): string {
  return `${directory.replace(/\/+$/, '')}.modes`;
}

/**
 * The lines of a directory's list, `USER GROUP MODE PATH` as those of dpkg-statoverride(1); blank lines and comments are passed
 * over. None where there is no list.
 *
 * @throws Error naming the list and the line that is none
 */
export function fileOwners(directory: string): FileOwner[] {
  const file = ownersFile(directory);
  return read(file)
    .split('\n')
    .flatMap((text, index) => {
      const line = text.trim();
      return line === '' || line.startsWith('#') ? [] : [owner(line, `${file}:${index + 1}`)];
    });
}

function owner(line: string, where: string): FileOwner {
  const [, user = '', group = '', permissions = '', place = ''] = /^(\S+)\s+(\S+)\s+(\S+)\s+(.+)$/.exec(line) ?? [];
  const wellFormed =
    account.test(user) &&
    account.test(group) &&
    mode.test(permissions) &&
    /^\/[^\p{Cc}]*$/u.test(place) &&
    !place.split('/').some((part) => part === '..' || part === '.');
  if (!wellFormed) {
    throw new Error(
      `${where}: '${line}': expected 'USER GROUP MODE PATH' with - for what stays, such as 'www-data www-data 0640 /srv/www/config.php'`,
    );
  }
  if (place.endsWith('/') && /^\d/.test(permissions)) {
    throw new Error(
      `${where}: '${permissions}' would go for directories and files alike: write a symbolic mode for all that is below a directory, such as 'u=rwX,go=rX'`,
    );
  }
  const given = (word: string) => (word === '-' ? undefined : word);
  return {
    user: given(user),
    group: given(group),
    mode: given(permissions),
    path: place.replace(/(?<=.)\/+$/, ''),
    recursive: place.endsWith('/'),
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new Error(`can't read ${file}: ${reasonOf(error)}`);
  }
}
