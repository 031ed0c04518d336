import { Failure } from '../../host/failure.js';

/** An entry of an archive, as GNU tar lists it while it unpacks. Names are byte strings. */
export interface ListedEntry {
  readonly type: 'file' | 'dir' | 'link' | 'hard link' | 'char' | 'block' | 'fifo' | 'other';
  /** As the archive has it. */
  readonly name: string;
  /** Bytes, as the archive declares them. */
  readonly size: number;
  readonly device?: { readonly major: number; readonly minor: number };
  /** What a symbolic or hard link points to. */
  readonly target?: string;
  /** Whether it has extended attributes or an access control list. */
  readonly hasAttributes: boolean;
}

/** Makes {@link parseListing} able to read what tar prints. */
export const listingOptions = ['-vv', '--quoting-style=c', '--full-time', '--numeric-owner'] as const;

/** In every other locale, tar would print some bytes as they are. */
export const listingEnvironment = { LC_ALL: 'C', TZ: 'UTC' } as const;

const types: Readonly<Record<string, ListedEntry['type']>> = {
  '-': 'file',
  C: 'file',
  d: 'dir',
  l: 'link',
  h: 'hard link',
  c: 'char',
  b: 'block',
  p: 'fifo',
};

const name = '"((?:[^"\\\\]|\\\\.)*)"';
const line = new RegExp(
  `^(.)[-rwxsStT]{9}([*+.@]?) *-?\\d+/-?\\d+ +(?:(\\d+)|(\\d+),(\\d+)) +[-\\d:. ]+ ${name}(?: -> ${name}| link to ${name}|--.*)?$`,
);

/** @throws Failure for anything but a line of `tar -vv` with {@link listingOptions} */
export function parseListing(text: string): ListedEntry {
  const [, type, marks, size, major, minor, path, link, hardLink] = line.exec(text) ?? [];
  if (type === undefined || path === undefined) throw new Failure(`tar lists what is not understood: ${text}`);
  const target = link ?? hardLink;
  return {
    type: types[type] ?? 'other',
    name: unquoted(path),
    size: Number(size ?? 0),
    ...(major !== undefined && { device: { major: Number(major), minor: Number(minor) } }),
    ...(target !== undefined && { target: unquoted(target) }),
    hasAttributes: marks !== '',
  };
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The bytes of a name in C's notation. */
export function unquoted(text: string): string {
  return text.replace(/\\([0-7]{1,3}|.)/g, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(parseInt(code, 8)) : (escapes[code] ?? code),
  );
}
