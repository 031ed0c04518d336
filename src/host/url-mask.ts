/**
 * A text with `***` in place of the secrets in its URLs: passwords; the user name of a web address without a password,
 * where it is a token (RFC 3986, 3.2.1 deprecates passwords in URLs, but both are in use); and values of a query that are
 * named like a secret or are long, such as the signature of a signed URL. Passwords with a `/`, `?` or `#` that should
 * have been percent-encoded are masked as well.
 */
export function maskUrls(text: string): string {
  // No scheme is longer; without a bound, a long line of letters would take the square of its length.
  return text.replace(/[a-z][a-z0-9+.-]{0,31}:\/\/[^\s"<>]+/gi, maskUrl);
}

/** The same for a text that is one URL, including its blanks. */
export function maskUrl(url: string): string {
  return maskQuery(maskUserInfo(url));
}

/** An explanation for a URL that can't be parsed, if its password may be the reason; else empty. */
export function encodingHint(url: string): string {
  const { password = '', token = '' } = userInfoOf(url);
  const name = /:\/\/([^/?#:@]*)[:@]/.exec(url)?.[1] ?? '';
  if (!/[/?#@\s]/.test(password + token + name)) return '';
  return ': in a name or password, blanks and / ? # @ must be percent-encoded (%20 %2F %3F %23 %40)';
}

function maskUserInfo(url: string): string {
  if (!url.includes('://')) return url;
  const [scheme = '', rest = ''] = split(url, '://');
  const { password, token } = userInfoOf(url);
  if (password !== undefined) {
    const name = rest.slice(0, rest.indexOf(':'));
    return `${scheme}://${name}:***${rest.slice(name.length + 1 + password.length)}`;
  }
  return token === undefined ? url : `${scheme}://***${rest.slice(token.length)}`;
}

/** The secrets in a URL's user information and query, as written. */
export function secretsOfUrl(url: string): string[] {
  const { password, token } = userInfoOf(url);
  const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/?#:@]*:([^/?#]*)@/i.exec(url)?.[1];
  const query = [...url.matchAll(queryValue)].flatMap(([, , name = '', value = '']) =>
    isSecretParameter(name, value) ? [value] : [],
  );
  return [password, authority, token, ...query].filter((secret) => secret !== undefined && secret !== '') as string[];
}

function userInfoOf(url: string): { readonly password?: string; readonly token?: string } {
  const [scheme = '', rest = ''] = split(url, '://');
  const end = rest.lastIndexOf('@');
  const colon = rest.search(/[/?#:@]/);
  if (end < 0) return {};
  if (rest[colon] === ':' && colon < end && !isPort(rest)) return { password: rest.slice(colon + 1, end) };
  return rest[colon] === '@' && colon > 0 && /^https?$/i.test(scheme) ? { token: rest.slice(0, colon) } : {};
}

/** `mirror.example:8080/a@b` has no password, but a port. */
function isPort(rest: string): boolean {
  return /^(?:localhost|\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)+):\d{1,5}(?:[/?#]|$)/i.test(rest);
}

/** The text before a value, its name, and the value. */
const queryValue = /([?&#;])([^\s=&#;'"/@]*)=([^\s&#;'"]*?)(?=[:.,)]*(?:[\s&#;'"]|$))/g;

function maskQuery(url: string): string {
  return url.replace(queryValue, (all, before: string, name: string, value: string) =>
    isSecretParameter(name, value) ? `${before}${name}=***` : all,
  );
}

/** Characters. Names of releases and architectures are shorter; signatures and tokens are longer. */
const longestHarmless = 24;

function isSecretParameter(name: string, value: string): boolean {
  return (
    value.length > longestHarmless || /passw|pwd|token|secret|key|sig|credential|auth|session|jwt|^code$/i.test(name)
  );
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
