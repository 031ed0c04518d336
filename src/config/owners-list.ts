import { readFileSync } from 'node:fs';
import { reasonOf } from '../host/errno.js';
import { path, type OptionType } from './option-types.js';

/** Owner and permissions of a file that is copied into an image. */
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

/** A file of lines `USER GROUP MODE PATH` as those of dpkg-statoverride(1); blank lines and comments are passed over. */
export const ownersList: OptionType<readonly FileOwner[]> = {
  metavar: 'FILE',
  parse(value) {
    return read(value)
      .split('\n')
      .flatMap((text, index) => {
        const line = text.trim();
        return line === '' || line.startsWith('#') ? [] : [owner(line, index + 1)];
      });
  },
};

function owner(line: string, number: number): FileOwner {
  const [, user = '', group = '', permissions = '', place = ''] = /^(\S+)\s+(\S+)\s+(\S+)\s+(.+)$/.exec(line) ?? [];
  const wellFormed =
    account.test(user) &&
    account.test(group) &&
    mode.test(permissions) &&
    /^\/[^\p{Cc}]*$/u.test(place) &&
    !place.split('/').some((part) => part === '..' || part === '.');
  if (!wellFormed) {
    throw new Error(
      `a list of 'USER GROUP MODE PATH' with - for what stays, such as 'www-data www-data 0640 /srv/www/config.php', which line ${number} is not: '${line}'`,
    );
  }
  if (place.endsWith('/') && /^\d/.test(permissions)) {
    throw new Error(
      `a symbolic mode for all that is below a directory, such as 'u=rwX,go=rX': '${permissions}' in line ${number} would go for directories and files alike`,
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
    return readFileSync(path.parse(file), 'utf8');
  } catch (error) {
    throw new Error(`a file that can be read: ${reasonOf(error)}`);
  }
}
