/** Takes secrets out of a text that people or machines will read. */
export type Mask = (text: string) => string;

/**
 * Takes these values out, and credentials out of every URL.
 *
 * @param secrets in any order; each line of one of several lines counts by itself
 */
export function maskOf(secrets: readonly string[]): Mask {
  const lines = secrets.flatMap((secret) => secret.split('\n')).filter((line) => line.length >= shortestSecret);
  // The longest first: a secret may begin with another one.
  const values = [...new Set(lines)].sort((one, other) => other.length - one.length);
  return (text) => maskUrls(values.reduce((masked, value) => masked.replaceAll(value, '***'), text));
}

/** Characters. Shorter values would blacken words that say nothing. */
const shortestSecret = 4;

/**
 * A text with `***` in place of the password in every URL, and of the name too in a web address that has no password:
 * there it is a token (RFC 3986, 3.2.1 deprecates the one, practice keeps both).
 */
export const maskUrls: Mask = (text) =>
  text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*):[^\s/?#]*@/gi, '$1:***@')
    .replace(/(https?:\/\/)[^\s/?#:@]+@/gi, '$1***@');
