import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Failure, UsageError } from '../host/failure.js';
import { maskUrls } from '../host/mask.js';
import { encodingHint, maskUrl } from '../host/url-mask.js';

/** Where a netboot file comes from, as an image's section says it. */
export interface NetbootSource {
  /** The option that names it, for messages: `linux`. */
  readonly option: string;
  /** A path (absolute, relative or `~/…`) or a URI: `file:`, `http:`, `https:` or `rsync:`. */
  readonly uri: string;
  /** 64 hexadecimal digits; from the option `<option>-sha256`. */
  readonly sha256?: string | undefined;
  /** The sum that a checksum list has for it. */
  readonly listed?: { readonly sha256: string; readonly list: string } | undefined;
  /** In bytes; a larger file is refused. */
  readonly maxBytes?: number;
  /** Whether a redirect from https: to http: is refused, because nothing but TLS vouches for the file. */
  readonly onlyByTls?: boolean;
}

/** The sums that a file must have, each with who asks for it, as it stands in messages. */
export function sumsAskedFor({ option, sha256, listed }: NetbootSource): { sha256: string; by: string }[] {
  return [
    ...(sha256 === undefined ? [] : [{ sha256: sha256.toLowerCase(), by: `${option}-sha256 asks for` }]),
    ...(listed === undefined ? [] : [{ sha256: listed.sha256, by: maskUrls(`${listed.list} lists`) }]),
  ];
}

/** How a netboot file is got. */
export type Origin =
  | { readonly by: 'http'; readonly url: URL }
  | { readonly by: 'rsync'; readonly uri: string; readonly password?: string }
  | { readonly by: 'copy'; readonly path: string };

/** @throws UsageError where the source cannot be understood */
export function originOf(source: NetbootSource): Origin {
  const { option, uri, sha256 } = source;
  const wrong = (why: string) => new UsageError([`${option}: ${maskUrl(uri)}: ${why}${encodingHint(uri)}`]);
  if (lastSegment(uri) === undefined) throw wrong('does not end in a file name');
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new UsageError([`${option}-sha256: ${sha256}: a SHA-256 sum has 64 hexadecimal digits`]);
  }
  try {
    switch (schemeOf(uri)) {
      case undefined:
        return { by: 'copy', path: uri.startsWith('~/') ? join(homedir(), uri.slice(2)) : resolve(uri) };
      case 'file':
        return { by: 'copy', path: fileURLToPath(new URL(uri)) };
      case 'http':
      case 'https':
        return { by: 'http', url: new URL(uri) };
      case 'rsync':
        return rsyncOrigin(uri);
    }
  } catch (error) {
    throw wrong((error as Error).message);
  }
  throw wrong('can only be fetched by file:, http:, https: or rsync:, or from a path (./ before a name with a colon)');
}

/**
 * The name of a source's file in the cache: the last part of its path, `initrd.gz`.
 *
 * @throws UsageError where the URI does not end in a file name
 */
export function cachedName(uri: string): string {
  const name = lastSegment(uri);
  if (name === undefined) throw new UsageError([`${maskUrl(uri)}: does not end in a file name`]);
  return name;
}

/** Where a file lies: on which host (empty: this one), and under which path there, percent signs decoded. */
export function locationOf(uri: string): { readonly host: string; readonly path: string } {
  const origin = originOf({ option: 'file', uri });
  switch (origin.by) {
    case 'http':
      return { host: origin.url.host, path: origin.url.pathname.split('/').map(decoded).join('/') };
    case 'rsync': {
      const [, host = '', path = ''] = /^rsync:(?:\/\/(?:[^/]*@)?([^/]*))?(.*)$/is.exec(origin.uri) ?? [];
      return { host, path };
    }
    case 'copy':
      return { host: '', path: origin.path };
  }
}

/** Where a netboot file comes from, as a URI for everybody's eyes. */
export function publicUri(source: NetbootSource): string {
  const origin = originOf(source);
  return origin.by === 'copy' ? pathToFileURL(origin.path).href : withoutCredentials(source.uri);
}

/** A URI for everybody's eyes: without user and password, and without a query, which may hold a token. */
export function withoutCredentials(uri: string): string {
  return uri
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/i, '$1')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?#]*)[?#].*$/is, '$1');
}

/** Why a source could not be got, naming it. */
export function fetchFailure(source: NetbootSource, why: string, hint?: string): Failure {
  return new Failure(maskUrls(`${source.option}: cannot fetch ${source.uri}: ${why}`), { hint });
}

export function tooLarge({ maxBytes = Infinity }: NetbootSource): string {
  return `it is larger than ${maxBytes} bytes, too large for what it should be`;
}

function schemeOf(uri: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
}

function lastSegment(uri: string): string | undefined {
  const scheme = schemeOf(uri);
  // Neither a path nor rsync knows queries, fragments or percent signs.
  const isUrl = scheme === 'http' || scheme === 'https' || scheme === 'file';
  const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
  const path = scheme === undefined ? uri : uri.replace(authority, '/').replace(/^[a-z][a-z0-9+.-]*:/i, '');
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

/** rsync takes a password from its environment only. */
function rsyncOrigin(uri: string): Origin {
  const [, before, password, after] = /^(rsync:\/\/[^/:@]*):([^/]*)(@.*)$/is.exec(uri) ?? [];
  return password === undefined
    ? { by: 'rsync', uri }
    : { by: 'rsync', uri: `${before}${after}`, password: decoded(password) };
}
