import { Failure } from '../host/failure.js';

/** The types of mtree(5), and the whiteout of overlayfs: a name that hides that of the layers below. */
export type EntryType = 'file' | 'dir' | 'link' | 'char' | 'block' | 'fifo' | 'socket' | 'whiteout';

/**
 * One entry of a tree, as its manifest has it. Names are byte strings: each character stands for one byte (`latin1`),
 * for a name need not be UTF-8.
 */
export interface TreeEntry {
  /** From the root of the tree, without a leading slash; empty for the root itself. */
  readonly path: string;
  readonly type: EntryType;
  /** Permissions, as in chmod(2). Not for symbolic links and whiteouts, which have none of their own. */
  readonly mode?: number;
  /** Numbers of owner and group. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Bytes, for files. */
  readonly size?: number;
  /** SHA-256 of a file's content, in hexadecimal. */
  readonly digest?: string;
  /** Where a symbolic link points. */
  readonly target?: string;
  /** For devices. */
  readonly device?: { readonly major: number; readonly minor: number };
  /** The path of the first name of the same file, for its other names. */
  readonly hardLink?: string;
  /** Whether a directory hides what the layers below have in it. */
  readonly opaque?: true;
  /** Extended attributes, without those that overlayfs keeps for itself. */
  readonly attributes?: ReadonlyMap<string, Buffer>;
}

/** What an entry has under each keyword, in the order of a line. */
export function keywordsOf(entry: TreeEntry): Map<string, string> {
  const words = new Map<string, string>([['type', entry.type]]);
  if (entry.mode !== undefined) words.set('mode', `0${entry.mode.toString(8).padStart(3, '0')}`);
  if (entry.owner !== undefined) words.set('uid', String(entry.owner.uid)).set('gid', String(entry.owner.gid));
  if (entry.size !== undefined) words.set('size', String(entry.size));
  if (entry.digest !== undefined) words.set('sha256digest', entry.digest);
  if (entry.target !== undefined) words.set('link', escaped(entry.target));
  if (entry.device !== undefined) words.set('device', `linux,${entry.device.major},${entry.device.minor}`);
  if (entry.hardLink !== undefined) words.set('hardlink', escaped(`./${entry.hardLink}`));
  if (entry.opaque) words.set('opaque', 'yes');
  const attributes = [...(entry.attributes ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of attributes) words.set(`xattr.${escaped(name)}`, value.toString('base64'));
  return words;
}

/** The line of an entry, without its line break: ASCII only, a path and keywords in mtree(5)'s notation. */
export function lineOf(entry: TreeEntry): string {
  const words = [...keywordsOf(entry)].map(([word, value]) => `${word}=${value}`);
  return [escaped(entry.path === '' ? '.' : `./${entry.path}`), ...words].join(' ');
}

/** @throws Failure if it is no line of a manifest */
export function entryOf(line: string): TreeEntry {
  const [name = '', ...parts] = line.split(' ');
  const words = new Map(parts.map((part) => split(part, '=')));
  const number = (word: string, radix = 10) => parseInt(words.get(word) ?? '', radix);
  const text = (word: string) => unescaped(words.get(word) ?? '');
  if (!/^\.(?:$|\/)/.test(name) || !words.has('type')) {
    throw new Failure(`this is not a line of a manifest: ${line.slice(0, 200)}`);
  }
  const [, major = 0, minor = 0] = (words.get('device') ?? '').split(',').map(Number);
  const attributes = [...words].flatMap(([word, value]) =>
    word.startsWith('xattr.') ? [[unescaped(word.slice(6)), Buffer.from(value, 'base64')] as const] : [],
  );
  return {
    path: unescaped(name).slice(2),
    type: words.get('type') as EntryType,
    ...(words.has('mode') && { mode: number('mode', 8) }),
    ...(words.has('uid') && { owner: { uid: number('uid'), gid: number('gid') } }),
    ...(words.has('size') && { size: number('size') }),
    ...(words.has('sha256digest') && { digest: text('sha256digest') }),
    ...(words.has('link') && { target: text('link') }),
    ...(words.has('device') && { device: { major, minor } }),
    ...(words.has('hardlink') && { hardLink: text('hardlink').slice(2) }),
    ...(words.has('opaque') && { opaque: true as const }),
    ...(attributes.length > 0 && { attributes: new Map(attributes) }),
  };
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Everything but printable ASCII, and what has a meaning in mtree(5), as `\ooo` (VIS_OCTAL of vis(3)). */
export function escaped(bytes: string): string {
  return bytes.replace(/[^\x21-\x7e]|[\\#=*?[\]]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** The bytes behind `\ooo`. */
export function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** The bytes of a path as people read it: as UTF-8, with what can't be shown escaped. */
export function readable(path: string): string {
  const text = Buffer.from(path, 'latin1').toString('utf8');
  // eslint-disable-next-line no-control-regex
  return /[\x00-\x1f\x7f\ufffd]/.test(text) ? escaped(path) : text;
}

/**
 * The order of a manifest: a directory stands before what is in it, and the names in a directory are sorted by their
 * bytes. @returns a negative number, zero or a positive one
 */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return rank(a, at) - rank(b, at);
}

/** The end of a path comes before a slash, which comes before every byte of a name. */
function rank(path: string, at: number): number {
  if (at >= path.length) return -2;
  return path[at] === '/' ? -1 : path.charCodeAt(at);
}
