import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expectHome } from '../host/home-directory.js';
import { encodingHint, maskUrl } from '../host/url-mask.js';

/** How a file is got. */
type Way =
  /** Copied; the path is absolute. */
  | { readonly by: 'copy'; readonly path: string }
  | { readonly by: 'http'; readonly url: string }
  /** rsync takes a password from its environment only. */
  | { readonly by: 'rsync'; readonly url: string; readonly password?: string };

/** Where a file comes from: what a section says of it, read once. Plain data. */
export type Source = Way & {
  /** As it is written: with passwords. */
  readonly uri: string;
  /** For messages: without passwords and tokens. */
  readonly shown: string;
  /** For documents: absolute, without user, password and query. */
  readonly publicUri: string;
  /** Tells files apart: absolute, with the query, but without user and password. For digests: a query may hold a token. */
  readonly key: string;
  /** The last part of its path: `initrd.gz`. */
  readonly name: string;
  readonly location: {
    /** Empty: this machine. */
    readonly host: string;
    /** Percent signs decoded. */
    readonly path: string;
  };
};

const expected =
  'a file name (with ./ before one with a colon), or a URI with the scheme file:, http:, https: or rsync:';

/**
 * Reads a file name (absolute, relative to the current directory, or `~/…`) or a URI.
 *
 * @throws Error that says what would have been right
 */
export function parseSource(text: string): Source {
  const name = lastSegment(text);
  if (name === undefined) throw new Error(`a path or a URI that ends in a file name${encodingHint(text)}`);
  const way = wayTo(text);
  const publicUri = way.by === 'copy' ? pathToFileURL(way.path).href : withoutCredentials(text);
  return {
    ...way,
    uri: text,
    shown: maskUrl(text),
    publicUri,
    key: way.by === 'copy' ? publicUri : withoutUser(text),
    name,
    location: locationOf(way),
  };
}

/** A URI for everybody's eyes: without user and password, and without a query, which may hold a token. */
export function withoutCredentials(uri: string): string {
  return withoutUser(uri).replace(/^([a-z][a-z0-9+.-]*:\/\/[^?#]*)[?#].*$/is, '$1');
}

function withoutUser(uri: string): string {
  return uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/i, '$1');
}

function wayTo(text: string): Way {
  const scheme = schemeOf(text);
  switch (scheme) {
    case undefined:
      return { by: 'copy', path: text.startsWith('~/') ? join(expectHome(), text.slice(2)) : resolve(text) };
    case 'file':
      return { by: 'copy', path: understood(text, () => fileURLToPath(new URL(text))) };
    case 'http':
    case 'https':
      return { by: 'http', url: understood(text, () => new URL(text).href) };
    case 'rsync':
      return rsyncWay(text);
    default:
      throw new Error(expected);
  }
}

/** Why a URL is none, Node says best. */
function understood<T>(text: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`a URL that can be read${encodingHint(text) || ` (${(error as Error).message})`}`);
  }
}

function rsyncWay(text: string): Way {
  const [, before, password, after] = /^(rsync:\/\/[^/:@]*):([^/]*)(@.*)$/is.exec(text) ?? [];
  return password === undefined
    ? { by: 'rsync', url: text }
    : { by: 'rsync', url: `${before}${after}`, password: decoded(password) };
}

function locationOf(way: Way): Source['location'] {
  switch (way.by) {
    case 'copy':
      return { host: '', path: way.path };
    case 'http': {
      const { host, pathname } = new URL(way.url);
      return { host, path: pathname.split('/').map(decoded).join('/') };
    }
    case 'rsync': {
      const [, host = '', path = ''] = /^rsync:(?:\/\/(?:[^/]*@)?([^/]*))?(.*)$/is.exec(way.url) ?? [];
      return { host, path };
    }
  }
}

function schemeOf(text: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
}

function lastSegment(text: string): string | undefined {
  const scheme = schemeOf(text);
  // Neither a path nor rsync knows queries, fragments or percent signs.
  const isUrl = scheme === 'http' || scheme === 'https' || scheme === 'file';
  const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
  const path = scheme === undefined ? text : text.replace(authority, '/').replace(/^[a-z][a-z0-9+.-]*:/i, '');
  const last = isUrl ? decoded(path.replace(/[?#].*$/s, '').replace(/^.*\//s, '')) : path.replace(/^.*\//s, '');
  return last === basename(last) && !['', '.', '..'].includes(last) && !last.includes('\0') ? last : undefined;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
