import { expectHome } from '../host/home-directory.js';
import { architectureNamed, architectureWords, type Architecture } from '../machine/architectures.js';
import { parseSftpTarget, type SftpTarget } from './sftp-server.js';
import { parseSource, type Source } from './source.js';
import { didYouMean } from './suggestion.js';
import { splitWords } from './words.js';

/**
 * How the text of an option becomes a value.
 *
 * `parse` throws an Error that says what would have been right; the caller adds section, option and value.
 */
export interface OptionType<T> {
  /** What stands for the value in help texts: `--image-size SIZE`. */
  readonly metavar: string;
  parse(text: string): T;
}

export const text: OptionType<string> = { metavar: 'TEXT', parse: (value) => value };

/** Words separated by blanks and line breaks; no quotes. */
export const words: OptionType<readonly string[]> = {
  metavar: 'WORDS',
  parse: (value) => value.split(/\s+/).filter((word) => word !== ''),
};

/** Directories separated by colons; `~/` is the home directory. */
export const searchPath: OptionType<readonly string[]> = {
  metavar: 'DIR:…',
  parse: (value) =>
    value
      .split(':')
      .map((directory) => path.parse(directory.trim()))
      .filter((directory) => directory !== ''),
};

/** `NAME=value`, separated by blanks; quotes and backslashes as for a shell. */
export const variables: OptionType<Readonly<Record<string, string>>> = {
  metavar: 'NAME=VALUE…',
  parse: (value) =>
    Object.fromEntries(
      shellWords.parse(value).map((word) => {
        const [, name, text] = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(word) ?? [];
        if (name === undefined) throw new Error(`NAME=value for each variable, and '${word}' is none`);
        return [name, text ?? ''];
      }),
    ),
};

/** An image, a layer, or `file:` and a path. */
export const parent: OptionType<string> = {
  metavar: 'PARENT',
  parse(value) {
    if (/^(?:file:.+|[^\s/:][^\s/]*)$/s.test(value)) return value;
    const hint = /[/]/.test(value) ? `; a path is written 'file:${value}'` : '';
    throw new Error(`an image, a layer of the store, or 'file:' and a path${hint}`);
  },
};

export const uri: OptionType<string> = { metavar: 'URI', parse: (value) => value };

/** A file to fetch: a file name, or a URI with the scheme `file:`, `http:`, `https:` or `rsync:`. */
export const source: OptionType<Source> = { metavar: 'URI', parse: parseSource };

/** Server and directory: `sftp://[user@]host[:port]/directory/` or `[user@]host:/directory/`. */
export const sftpTarget: OptionType<SftpTarget> = { metavar: 'URI', parse: parseSftpTarget };

/** A file name; `~/` is the home directory. Relative names are relative to the current directory. */
export const path: OptionType<string> = {
  metavar: 'FILE',
  parse: (value) => value.replace(/^~(?=\/|$)/, () => expectHome()),
};

export const directory: OptionType<string> = { ...path, metavar: 'DIR' };

/** An architecture, as Debian or the kernel calls it. */
export const architecture: OptionType<Architecture> = {
  metavar: 'ARCH',
  parse(value) {
    const found = architectureNamed(value.trim());
    if (found === undefined)
      throw new Error(`one of ${architectureWords().join(', ')}${didYouMean(value.trim(), architectureWords())}`);
    return found;
  },
};

const binaryPrefixes = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
const decimalPrefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/**
 * A size in bytes. `512 MiB` is binary, `2 GB` is decimal (and so is `kB`), and `2G` is binary as well: configuration
 * files of the Python image-factory mean it so. A bare number has no unit and is an error there and here.
 */
export const size: OptionType<number> = {
  metavar: 'SIZE',
  parse(value) {
    const match = /^([0-9]+)\s*(?:([kMGTPE]?)(B)|([KMGTPE])(?:iB)?)$/.exec(value.trim());
    if (!match) throw new Error("a size with a unit, such as '2G', '512 MiB' or '2 GB'");
    const [, digits, decimal = '', byte, binary = ''] = match;
    return countable(
      byte === undefined
        ? Number(digits) * 1024 ** binaryPrefixes.indexOf(binary)
        : Number(digits) * 1000 ** decimalPrefixes.indexOf(decimal),
    );
  },
};

function countable(bytes: number): number {
  if (bytes > Number.MAX_SAFE_INTEGER) throw new Error('a size below 8 PiB');
  return bytes;
}

/** A disk's size in bytes, which may also be written as qemu-img takes it: a bare number of bytes, `1.5G`, `2g`. */
export const diskSize: OptionType<number> = {
  metavar: 'SIZE',
  parse(value) {
    const match = /^([0-9]+(?:\.[0-9]+(?=[kmgtpe]))?)([bkmgtpe]?)$/i.exec(value.trim());
    if (!match) return size.parse(value);
    const [, number, unit = ''] = match;
    return countable(Math.ceil(Number(number) * 1024 ** 'bkmgtpe'.indexOf(unit.toLowerCase() || 'b')));
  },
};

/** A size within bounds in bytes, both included. */
function sizeWithin(sizes: OptionType<number>, least: number, most: number): OptionType<number> {
  return {
    metavar: sizes.metavar,
    parse(value) {
      const bytes = sizes.parse(value);
      if (bytes >= least && bytes <= most) return bytes;
      const hint = /^\s*[0-9.]+\s*$/.test(value) ? `; a number without a unit counts bytes: '${value.trim()}G'?` : '';
      throw new Error(`a size from ${shownSize(least)} to ${shownSize(most)}${hint}`);
    },
  };
}

function shownSize(bytes: number): string {
  const power = Math.floor(Math.log2(bytes) / 10);
  return `${bytes / 1024 ** power}${binaryPrefixes[power]}`;
}

/** A disk on which a Linux system fits, up to what file systems take. */
export const imageSize = sizeWithin(diskSize, 8 * 2 ** 20, 4 * 2 ** 50);

/** Memory with which a kernel starts, up to what a processor of x86-64 may address with 46 bits. */
export const memory = sizeWithin(size, 64 * 2 ** 20, 64 * 2 ** 40);

const secondsPer = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** A duration in milliseconds: `90s`, `45m`, `2h`, `1h30m`; a bare number counts seconds. */
export const duration: OptionType<number> = {
  metavar: 'DURATION',
  parse: (value) => Math.min(age.parse(value), longestTimer),
};

/** The same for the age of something, which no timer waits for. */
export const age: OptionType<number> = {
  metavar: 'DURATION',
  parse(value) {
    const compact = value.replace(/\s+/g, '').toLowerCase();
    const parts = /^(?:(?<d>\d+)d)?(?:(?<h>\d+)h)?(?:(?<m>\d+)m)?(?:(?<s>\d+)s)?$/.exec(compact)?.groups;
    const seconds = /\d\s+\d/.test(value)
      ? NaN
      : /^\d+$/.test(compact)
        ? Number(compact)
        : Object.entries(parts ?? {}).reduce(
            (sum, [unit, count = '0']) => sum + Number(count) * secondsPer[unit as 'd'],
            0,
          );
    if (!(seconds > 0)) throw new Error(`a duration such as '90s', '45m' or '2h'${lastUnit(compact)}`);
    return seconds * 1000;
  },
};

/** What a last number without a unit was probably meant for: `1h30` is 1h30m. */
function lastUnit(compact: string): string {
  const [, unit] = /^(?:\d+[dhms])*\d+([dhm])\d+$/.exec(compact) ?? [];
  return unit === undefined ? '' : ` (did you mean '${compact}${{ d: 'h', h: 'm', m: 's' }[unit]}'?)`;
}

/** setTimeout takes no more than 2^31-1 milliseconds: almost 25 days. */
const longestTimer = 2 ** 31 - 1;

/** The words that Python's configparser takes for a boolean. */
export const boolean: OptionType<boolean> = {
  metavar: 'BOOLEAN',
  parse(value) {
    const word = value.toLowerCase();
    if (['1', 'yes', 'true', 'on'].includes(word)) return true;
    if (['0', 'no', 'false', 'off'].includes(word)) return false;
    throw new Error("'yes' or 'no'");
  },
};

/** A whole number in a range, both ends included. */
export function integer(least: number, most: number): OptionType<number> {
  return {
    metavar: 'NUMBER',
    parse(value) {
      const number = /^[0-9]+$/.test(value.trim()) ? Number(value) : NaN;
      if (!(number >= least && number <= most)) throw new Error(`a whole number from ${least} to ${most}`);
      return number;
    },
  };
}

/** A part of a disk: the number of a partition, or `GROUP/VOLUME` of LVM, in the characters that LVM takes (lvm(8)). */
export const volume: OptionType<string> = {
  metavar: 'VOLUME',
  parse(value) {
    const name = value.trim().replace(/^\/dev\/(?=[^/]+\/[^/]+$)/, '');
    const number = /^[0-9]+$/.test(name) ? Number(name) : undefined;
    if (number !== undefined && number >= 1 && number <= 128) return String(number);
    if (number === undefined && /^(?!mapper\/)[\w+.][\w+.-]*\/[\w+.][\w+.-]*$/.test(name)) return name;
    throw new Error("the number of a partition, from 1 to 128, or a logical volume such as 'system/root'");
  },
};

export function oneOf<const Word extends string>(
  ...allowed: readonly Word[]
): OptionType<Word> & { words: readonly Word[] } {
  return {
    metavar: `{${allowed.join(',')}}`,
    words: allowed,
    parse(value) {
      const word = allowed.find((candidate) => candidate === value.toLowerCase());
      if (word === undefined) {
        throw new Error(
          `one of ${allowed.map((candidate) => `'${candidate}'`).join(', ')}${didYouMean(value.trim(), allowed)}`,
        );
      }
      return word;
    },
  };
}

/** Words out of some, separated by commas or blanks, at least one. */
export function listOf<const Word extends string>(
  ...allowed: readonly Word[]
): OptionType<readonly Word[]> & { listed: readonly Word[] } {
  return {
    metavar: 'WORD,…',
    listed: allowed,
    parse(value) {
      const words = value
        .toLowerCase()
        .split(/[\s,]+/)
        .filter((word) => word !== '');
      const unknown = words.find((word) => !(allowed as readonly string[]).includes(word));
      if (words.length > 0 && unknown === undefined) return words as Word[];
      const list = `one or more of ${allowed.map((word) => `'${word}'`).join(', ')}, separated by commas`;
      throw new Error(unknown === undefined ? list : `${list}, and not '${unknown}'${didYouMean(unknown, allowed)}`);
    },
  };
}

/** Names separated by commas; empty ones do not count. */
export const commaList: OptionType<readonly string[]> = {
  metavar: 'NAME,…',
  parse: (value) =>
    value
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
};

/** Words as a shell would split them, quotes and backslashes honoured, nothing expanded. */
export const shellWords: OptionType<readonly string[]> = {
  metavar: 'WORDS',
  parse(value) {
    try {
      return splitWords(value);
    } catch (error) {
      throw new Error(`words as for a shell, but ${(error as Error).message}`);
    }
  },
};

/** What a finished image must show in a virtual machine before it is published. */
export type BootTest =
  | { readonly kind: 'off' }
  | { readonly kind: 'login' | 'ssh' | 'agent' | 'healthy' }
  /** A command that succeeds. */
  | { readonly kind: 'command'; readonly words: readonly string[] };

export const bootTestWords = ['off', 'login', 'ssh', 'agent', 'healthy'] as const;

/** One of the words; `no` is off; anything else is a command. */
export const bootTest: OptionType<BootTest> = {
  metavar: 'WHAT',
  parse(value) {
    const word = value.trim().toLowerCase();
    const kind = bootTestWords.find((candidate) => candidate === word);
    if (kind !== undefined) return { kind };
    if (['no', 'false', '0'].includes(word)) return { kind: 'off' };
    return { kind: 'command', words: shellWords.parse(value) };
  },
};

export const mac: OptionType<string> = {
  metavar: 'MAC',
  parse(value) {
    // virt-install's word for what it does without one
    if (value === 'RANDOM') return value;
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value)) throw new Error("a MAC address such as '52:54:00:12:34:56'");
    if (/^[0:]*$/.test(value)) throw new Error('the MAC address of a machine, which all zeros are not');
    if (Number.parseInt(value.slice(0, 2), 16) & 1) {
      throw new Error('the MAC address of one machine: the first byte of this one is odd, which means a group');
    }
    return value;
  },
};

/** A connection to libvirt's driver for QEMU, as libvirt's "Connection URIs" have it; no other runs these machines. */
export const libvirtUri: OptionType<string> = {
  metavar: 'URI',
  parse(value) {
    if (!/^qemu(?:\+[a-z0-9]+)?:\/\/[^\s/?#]*\/(?:system|session)(?:\?\S*)?$/.test(value)) {
      throw new Error("a libvirt connection to QEMU: 'qemu:///session' or 'qemu:///system'");
    }
    return value;
  },
};

export interface VncAddress {
  readonly listen: string;
  /** TCP port: 5900 + the display number. */
  readonly port: number;
}

/** `HOST:DISPLAY`; an empty HOST leaves the choice to libvirt. */
export const vnc: OptionType<VncAddress> = {
  metavar: 'HOST:DISPLAY',
  parse(value) {
    const match = /^(\[[0-9a-f:.]+\]|[^\s:,]*):([0-9]{1,5})$/i.exec(value);
    const port = 5900 + Number(match?.[2]);
    if (!match || port > 65535) throw new Error("host and display number such as 'localhost:1'");
    return { listen: (match[1] ?? '').replace(/^\[|\]$/g, ''), port };
  },
};

/** Fingerprints of OpenPGP keys (RFC 9580, 5.5.4: of version 4 or 6), separated by commas or blanks; in capitals. */
export const fingerprints: OptionType<readonly string[]> = {
  metavar: 'FINGERPRINT,…',
  parse(value) {
    const words = value
      .toUpperCase()
      .split(/[\s,]+/)
      .filter((word) => word !== '');
    const wrong = words.find((word) => !/^([0-9A-F]{40}|[0-9A-F]{64})$/.test(word));
    if (words.length === 0 || wrong !== undefined) {
      throw new Error(
        'whole fingerprints of keys: 40 or 64 hexadecimal digits each, without blanks, separated by commas',
      );
    }
    return words;
  },
};

/** A day of the calendar, as ISO 8601 has it. */
export const date: OptionType<string> = {
  metavar: 'YYYY-MM-DD',
  parse(value) {
    const day = value.trim();
    const isDay = /^\d{4}-\d\d-\d\d$/.test(day) && new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true;
    if (!isDay) throw new Error("a day such as '2028-06-30'");
    return day;
  },
};

export const sha256: OptionType<string> = {
  metavar: 'SHA256',
  parse(value) {
    if (!/^[0-9a-f]{64}$/i.test(value)) throw new Error('64 hexadecimal digits');
    return value.toLowerCase();
  },
};
