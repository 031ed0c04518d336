import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../host/errno.js';
import { didYouMean } from './suggestion.js';
import { path, size, words, type OptionType } from './option-types.js';

/*
 * How the options that describe an installed system become values. Each type throws an Error that says what would have
 * been right, as those of option-types.ts do.
 */

function matching(metavar: string, pattern: RegExp, expected: string): OptionType<string> {
  return {
    metavar,
    parse(value) {
      if (!pattern.test(value)) throw new Error(expected);
      return value;
    },
  };
}

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';

/** A host name (RFC 1123, 2.1), at most 64 characters as Linux has it: HOST_NAME_MAX in limits.h. */
export const hostName = matching(
  'NAME',
  new RegExp(`^(?=.{1,64}$)${label}(?:\\.${label})*$`, 'i'),
  'a host name: letters, digits and hyphens (RFC 1123)',
);

export const domainName = matching(
  'DOMAIN',
  new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`, 'i'),
  "a domain name such as 'example.org'",
);

/** `language_TERRITORY.CODESET@modifier` (setlocale(3)), or `C.UTF-8`. */
export const locale = matching(
  'LOCALE',
  /^(?:C|POSIX|[a-z]{2,3}_[A-Z]{2})(?:\.[A-Za-z0-9-]+)?(?:@[a-z]+)?$/,
  "a locale such as 'en_US.UTF-8'",
);

export const keymap = matching('KEYMAP', /^[a-z0-9][\w-]*$/i, "the name of a keyboard layout, such as 'us' or 'de'");

/** A name of the time zone database: tz's theory.html, "Timezone identifiers". */
const zoneName = matching(
  'ZONE',
  /^[A-Za-z][\w+-]*(?:\/[A-Za-z0-9][\w+-]*)*$/,
  "a time zone such as 'Etc/UTC' or 'Europe/Berlin'",
);

/** One that this machine knows: by its zoneinfo (tzfile(5)), which may lack old names, or by Node.js, which has these. */
export const timezone: OptionType<string> = {
  metavar: zoneName.metavar,
  parse(value) {
    const zone = zoneName.parse(value);
    const isInstalled = existsSync('/usr/share/zoneinfo/Etc/UTC');
    if (!isInstalled || existsSync(join('/usr/share/zoneinfo', zone)) || isKnownToNode(zone)) return zone;
    throw new Error(`a time zone such as 'Europe/Berlin'${didYouMean(zone, Intl.supportedValuesOf('timeZone'))}`);
  },
};

function isKnownToNode(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** What stands in shadow(5): a hash of crypt(5) with its method, or nothing or `!` for a locked password. */
export const passwordHash = matching(
  'HASH',
  /^(?:!?|\$[0-9a-z]{1,3}\$[./0-9A-Za-z$=,]+)$/,
  "a password hash as 'mkpasswd' or 'openssl passwd -6' prints it ($6$…), or ! for a locked password",
);

/** The names that useradd(8) takes in every distribution; root is there already. */
export const userName = matching(
  'USER',
  /^(?!root$)(?:[a-z_][a-z0-9_-]{0,31})?$/,
  'a user name: a small letter, then small letters, digits, - and _, 32 at most; not root',
);

export const url = matching(
  'URL',
  /^(?:https?:\/\/[^\s/?#\\]+[^\s\\]*)?$/,
  "a URL such as 'http://proxy.example.org:3128/'",
);

/** Lines that are not empty, without the blanks around them. */
export const lines: OptionType<readonly string[]> = {
  metavar: 'LINES',
  parse: (value) =>
    value
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
};

export function wordsMatching(metavar: string, pattern: RegExp, expected: string): OptionType<readonly string[]> {
  return {
    metavar,
    parse(value) {
      const found = words.parse(value);
      const wrong = found.find((word) => !pattern.test(word));
      if (wrong !== undefined) throw new Error(`${expected}, which '${wrong}' is not`);
      return found;
    },
  };
}

/** Names of systemd units; without a suffix, a service is meant. */
export const services = wordsMatching(
  'SERVICE…',
  /^[A-Za-z0-9][\w.@:\\-]*$/,
  "names of services separated by blanks, such as 'cron ssh.socket'",
);

const packageWords = wordsMatching(
  'PACKAGE…',
  // apt takes a minus behind a name for a package to remove.
  /^-?[A-Za-z0-9@^](?:[\w@^+.:~*-]*[\w@^+.:~*])?$/,
  "names of packages separated by blanks, such as 'curl -nano'",
);

export interface Packages {
  readonly added: readonly string[];
  readonly leftOut: readonly string[];
}

/** Names of packages; `-name` is left out. */
export const packages: OptionType<Packages> = {
  metavar: packageWords.metavar,
  parse(value) {
    const found = packageWords.parse(value);
    return {
      added: found.filter((word) => !word.startsWith('-')),
      leftOut: found.filter((word) => word.startsWith('-')).map((word) => word.slice(1)),
    };
  },
};

export interface Repository {
  readonly name: string;
  readonly url: string;
  /** Debian and kin: what follows the URL in sources.list(5). */
  readonly suite: string | undefined;
  readonly components: readonly string[];
  /** Where the key that signs it can be fetched. */
  readonly key: string | undefined;
}

/** One repository a line: `NAME URL [SUITE [COMPONENT…]] [key=URL]`. */
export const repositories: OptionType<readonly Repository[]> = {
  metavar: 'REPOSITORIES',
  parse: (value) => lines.parse(value).map(repository),
};

function repository(line: string): Repository {
  const [name = '', address = '', ...rest] = words.parse(line);
  const keys = rest.filter((word) => word.startsWith('key=')).map((word) => word.slice('key='.length));
  const [suite, ...components] = rest.filter((word) => !word.startsWith('key='));
  const wellFormed =
    /^[A-Za-z0-9][\w.-]*$/.test(name) &&
    [address, ...keys].every((word) => /^https?:\/\/[^\s/\\]+[^\s\\]*$/.test(word)) &&
    keys.length <= 1 &&
    [suite ?? '', ...components].every((word) => /^[\w./+~-]*$/.test(word));
  if (!wellFormed) throw new Error("a repository on each line: 'NAME URL [SUITE [COMPONENT…]] [key=URL]'");
  return { name, url: address, suite, components, key: keys[0] };
}

/** Public keys as in authorized_keys(5), one a line; a line that begins with `/`, `~/` or `file:` names a file of them. */
export const authorizedKeys: OptionType<readonly string[]> = {
  metavar: 'KEYS',
  parse: (value) => {
    const keys = lines
      .parse(value)
      .flatMap((line) => (/^(?:\/|~\/|file:)/.test(line) ? lines.parse(read(line.replace(/^file:/, ''))) : [line]))
      .filter((line) => !line.startsWith('#'));
    const wrong = keys.find((key) => !/(?:^|\s)(?:ssh-|ecdsa-|sk-)[\w@.-]+ [A-Za-z0-9+/]+=*(?:\s|$)/.test(key));
    if (wrong !== undefined) {
      throw new Error(`public keys such as 'ssh-ed25519 AAAA… name', or a file of them, which '${wrong}' is not`);
    }
    return keys;
  },
};

/** A shell gets a script as one argument, of which Linux takes 128 KiB at most (MAX_ARG_STRLEN), in base64 and quotes. */
const longestScript = 64 * 1024;

/** The text of a file; nothing for no file. */
export const fileContent: OptionType<string> = {
  metavar: 'FILE',
  parse(value) {
    if (value === '') return '';
    const content = read(value);
    if (content.includes('\0')) throw new Error('a file of text');
    if (Buffer.byteLength(content) > longestScript) throw new Error('a file of 64 KiB at most');
    return content;
  },
};

function read(file: string): string {
  try {
    return readFileSync(path.parse(file), 'utf8');
  } catch (error) {
    throw new Error(`a file that can be read: ${reasonOf(error)}`);
  }
}

/** A size in bytes; a bare 0 is none. */
export const sizeOrNone: OptionType<number> = {
  metavar: size.metavar,
  parse: (value) => (value.trim() === '0' ? 0 : size.parse(value)),
};
