import type { TreeEntry } from '../tree-entry.js';

// The pax interchange format of POSIX.1-2017 (pax(1), "pax Interchange Format"), with extended attributes as star, GNU tar
// and the OCI image specification have them: SCHILY.xattr.NAME. Names and values are bytes, as GNU tar keeps them.
// Written here, and not by GNU tar: that lists attributes in the order in which the file system has them, and the same
// tree is to become the same bytes everywhere.

export const blockSize = 512;

/** What an archive says of an entry. */
export interface TarEntry {
  /** A byte string. */
  readonly path: string;
  readonly type: keyof typeof typeFlags;
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Bytes; of a file. */
  readonly size: number;
  /** Whole seconds since 1970. */
  readonly modified: number;
  /** Where a symbolic or hard link leads; a byte string. */
  readonly target?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly attributes?: TreeEntry['attributes'];
}

const typeFlags = { file: '0', 'hard link': '1', link: '2', char: '3', block: '4', dir: '5', fifo: '6' } as const;

/** The headers of an entry: those of pax only where ustar can't say it. */
export function headersOf(entry: TarEntry): Buffer {
  const records: Buffer[] = [];
  const path = Buffer.from(entry.path, 'latin1');
  const target = Buffer.from(entry.target ?? '', 'latin1');
  const add = (key: string, value: Buffer | string | number) =>
    records.push(paxRecord(Buffer.from(key, 'latin1'), Buffer.isBuffer(value) ? value : Buffer.from(String(value))));
  if (path.length > 100) add('path', path);
  if (target.length > 100) add('linkpath', target);
  if (entry.size >= 8 ** 11) add('size', entry.size);
  if (entry.owner.uid >= 8 ** 7) add('uid', entry.owner.uid);
  if (entry.owner.gid >= 8 ** 7) add('gid', entry.owner.gid);
  if (entry.modified >= 8 ** 11 || entry.modified < 0) add('mtime', entry.modified);
  for (const [name, value] of [...(entry.attributes ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    add(`SCHILY.xattr.${name}`, value);
  }
  const header = ustarHeader(typeFlags[entry.type], path, entry, target);
  if (records.length === 0) return header;
  const extended = Buffer.concat(records);
  const about = { mode: 0o644, owner: { uid: 0, gid: 0 }, size: extended.length, modified: 0 };
  const name = Buffer.from('PaxHeaders/entry');
  return Buffer.concat([ustarHeader('x', name, about, Buffer.alloc(0)), extended, padding(extended.length), header]);
}

/** What stands between the end of a content and the next header. */
export function padding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** The end of an archive. */
export const trailer = Buffer.alloc(2 * blockSize);

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: Buffer, value: Buffer): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} `), key, Buffer.from('='), value, Buffer.from('\n')]);
}

function ustarHeader(
  type: string,
  path: Buffer,
  { mode, owner, size, modified, device }: Omit<TarEntry, 'path' | 'type' | 'target'>,
  target: Buffer,
): Buffer {
  const header = Buffer.alloc(blockSize);
  const octal = (value: number, at: number, length: number) => {
    // What does not fit is in the pax headers.
    const shown = value < 0 || value >= 8 ** (length - 1) ? 0 : value;
    header.write(`${shown.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  };
  path.copy(header, 0, 0, 100);
  octal(mode, 100, 8);
  octal(owner.uid, 108, 8);
  octal(owner.gid, 116, 8);
  octal(size, 124, 12);
  octal(modified, 136, 12);
  header.write(' '.repeat(8), 148, 'latin1');
  header.write(type, 156, 'latin1');
  target.copy(header, 157, 0, 100);
  header.write('ustar\x0000', 257, 'latin1');
  octal(device?.major ?? 0, 329, 8);
  octal(device?.minor ?? 0, 337, 8);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
