import { createHash, type Hash } from 'node:crypto';
import { TextHash } from '../text-hash.js';
import { AccessLists, type ListKind } from './access-lists.js';

/** A file of an archive that need not be read again from the tree that it was unpacked to. */
export interface ReadFile {
  readonly size: number;
  /** SHA-256, in hexadecimal. */
  readonly digest: string;
}

/** Bytes of a header and of what content is padded to. */
const blockSize = 512;

/** Bytes of extended headers of one entry: attributes have at most 64 KiB each on Linux, and names 4 KiB. */
const longestExtension = 4 * 2 ** 20;

/** What follows the header of an entry. */
type Following =
  | { readonly kind: 'content'; readonly path: string; hash: Hash | undefined; readonly size: number }
  | {
      readonly kind: 'extension';
      readonly type: string;
      readonly parts: Buffer[];
    };

/**
 * Reads an archive while tar unpacks it, and hashes the files in it: reading them again from the disk takes longer. It
 * knows what archives have today: pax(1), ustar and GNU's long names. Where it meets something else, or tar lists other
 * files, it knows nothing of the archive; {@link files} is empty then, and the tree is to be read.
 */
export class ArchiveReader {
  readonly #files = new Map<string, ReadFile>();
  readonly #lists = new AccessLists();
  /** Of the names and sizes of all files, in their order. */
  readonly #here = new TextHash();
  readonly #listed = new TextHash();
  #isSure = true;
  #hasEnded = false;
  #header = Buffer.alloc(blockSize);
  #have = 0;
  #following: Following | undefined;
  /** Bytes of it, and of its padding, that are still to come. */
  #left = 0;
  #padding = 0;
  #extended = new Map<string, string>();

  /** Takes the next bytes of the archive. */
  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length && this.#isSure && !this.#hasEnded;) at += this.#step(bytes, at);
    if (!this.#isSure) this.#lists.search(bytes);
  }

  /** Takes the next regular file that tar lists; names are byte strings. */
  list(name: string, size: number): void {
    this.#listed.update(`${size} ${name}\0`);
  }

  /** How the archive has access control lists. To be asked at the end. */
  get lists(): ListKind {
    return this.#lists.kind;
  }

  /** The files by their path, if this reader and tar have read the same. To be asked once, at the end. */
  files(): ReadonlyMap<string, ReadFile> {
    const isSame = this.#isSure && this.#hasEnded && this.#here.digest() === this.#listed.digest();
    return isSame ? this.#files : new Map<string, ReadFile>();
  }

  /** @returns how many bytes it took */
  #step(bytes: Buffer, at: number): number {
    if (this.#left > 0) return this.#takeFollowing(bytes, at);
    if (this.#padding > 0) {
      const count = Math.min(this.#padding, bytes.length - at);
      this.#padding -= count;
      return count;
    }
    const count = Math.min(blockSize - this.#have, bytes.length - at);
    bytes.copy(this.#header, this.#have, at, at + count);
    this.#have += count;
    if (this.#have === blockSize) {
      this.#have = 0;
      this.#takeHeader(this.#header);
    }
    return count;
  }

  #takeFollowing(bytes: Buffer, at: number): number {
    const part = bytes.subarray(at, at + Math.min(this.#left, bytes.length - at));
    this.#left -= part.length;
    const following = this.#following;
    if (following?.kind === 'content') following.hash?.update(part);
    else following?.parts.push(Buffer.from(part));
    if (this.#left === 0) this.#endFollowing();
    return part.length;
  }

  #endFollowing(): void {
    const following = this.#following;
    this.#following = undefined;
    if (following?.kind === 'content') return this.#endFile(following.path, following.size, following.hash);
    if (following === undefined) return;
    const content = Buffer.concat(following.parts);
    if (following.type === 'x') return this.#takePax(content);
    // GNU's long names end with a zero byte.
    this.#extended.set(following.type === 'L' ? 'path' : 'linkpath', content.toString('latin1').replace(/\0.*$/s, ''));
  }

  #endFile(path: string, size: number, hash: Hash | undefined): void {
    if (hash !== undefined) this.#files.set(path, { size, digest: hash.digest('hex') });
  }

  #takeHeader(header: Buffer): void {
    if (header.every((byte) => byte === 0)) {
      this.#hasEnded = true;
      return;
    }
    const size = numberIn(header, 124, 12);
    if (numberIn(header, 148, 8) !== sumOf(header) || size === undefined) return this.#giveUp();
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'x' || type === 'L' || type === 'K') {
      if (size > longestExtension || size === 0) return this.#giveUp();
      this.#following = { kind: 'extension', type, parts: [] };
      return this.#expect(size);
    }
    const extended = this.#extended;
    this.#extended = new Map();
    if (!'0\x001234567'.includes(type)) return this.#giveUp();
    const stated = extended.get('size');
    const whole = stated === undefined ? size : Number(stated);
    const isFile = '0\x007'.includes(type);
    const path = extended.get('path') ?? pathIn(header);
    // Sizes of what has no content are read as one likes; names that end in a slash make directories of files.
    if (!Number.isSafeInteger(whole) || whole < 0 || (!isFile && size !== 0)) return this.#giveUp();
    if (!isFile) return;
    if (path.endsWith('/') || [...extended.keys()].some((key) => key.startsWith('GNU.sparse'))) return this.#giveUp();
    this.#here.update(`${whole} ${path}\0`);
    const hash = createHash('sha256');
    const clean = path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/');
    if (whole === 0) return this.#endFile(clean, 0, hash);
    this.#following = { kind: 'content', path: clean, hash, size: whole };
    this.#expect(whole);
  }

  #expect(size: number): void {
    this.#left = size;
    this.#padding = (blockSize - (size % blockSize)) % blockSize;
  }

  /** `LENGTH KEY=VALUE\n`, as often as there is something to say. */
  #takePax(content: Buffer): void {
    for (let at = 0; at < content.length;) {
      const blank = content.indexOf(0x20, at);
      const length = Number(content.toString('latin1', at, blank));
      const record = content.toString('latin1', blank + 1, at + length - 1);
      const equals = record.indexOf('=');
      const isRecord = blank >= 0 && length > 0 && at + length <= content.length && equals > 0;
      if (!isRecord || content[at + length - 1] !== 0x0a) {
        this.#lists.search(content);
        return this.#giveUp();
      }
      const key = record.slice(0, equals);
      this.#lists.take(key);
      this.#extended.set(key, record.slice(equals + 1));
      at += length;
    }
  }

  #giveUp(): void {
    this.#isSure = false;
    this.#following = undefined;
    this.#files.clear();
  }
}

/** The name of an entry without extended headers. Only ustar parts it in two; GNU has other things in that place. */
function pathIn(header: Buffer): string {
  const name = textIn(header, 0, 100);
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textIn(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textIn(header: Buffer, start: number, length: number): string {
  const end = header.indexOf(0, start);
  return header.toString('latin1', start, end < 0 || end > start + length ? start + length : end);
}

/** An octal number, or, as GNU has large ones, binary; undefined if it is none. */
function numberIn(header: Buffer, start: number, length: number): number | undefined {
  const first = header[start] ?? 0;
  if (first === 0x80) return Number(header.readBigUInt64BE(start + length - 8));
  const text = textIn(header, start, length).trim();
  return /^[0-7]*$/.test(text) && first < 0x80 ? parseInt(text || '0', 8) : undefined;
}

/** Of all bytes, those of the sum itself as blanks. */
function sumOf(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < blockSize; at++) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  return sum;
}
