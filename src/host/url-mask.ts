/**
 * A text with `***` in place of what is secret in its URLs: the password, and the name too in a web address that has no
 * password, where it is a token (RFC 3986, 3.2.1 deprecates the one, practice keeps both); and the values in a query that
 * are called like a secret, or are long: whoever reads a log needs no signature of a signed URL. Passwords in which `/`,
 * `?` or `#` should have been percent-encoded are found as well.
 */
export function maskUrls(text: string): string {
  return text.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s"<>]+/gi, maskUrl);
}

/** The same of a text that is one URL, blanks and all. */
export function maskUrl(url: string): string {
  return maskQuery(maskUserInfo(url));
}

/** What to say of a URL that can't be read, where that may be because of its password; empty elsewhere. */
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

/** The secrets of a URL, as they stand in it: of its user information, and of its query. */
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

/** What stands before a value, its name, and the value. */
const queryValue = /([?&#;])([^\s=&#;'"/@]*)=([^\s&#;'"]*?)(?=[:.,)]*(?:[\s&#;'"]|$))/g;

function maskQuery(url: string): string {
  return url.replace(queryValue, (all, before: string, name: string, value: string) =>
    isSecretParameter(name, value) ? `${before}${name}=***` : all,
  );
}

/** Characters. Names of releases and architectures are shorter, signatures and tokens hardly ever. */
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
