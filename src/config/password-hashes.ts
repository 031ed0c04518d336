import { descriptionOptions } from './description-options.js';
import { passwordHash } from './description-types.js';
import { canonical, type Option } from './option.js';

/** What a hash begins with that crypt(5) of libxcrypt or an older libc makes: its method between dollar signs. */
const prefix = /^\$(?:1|2[abxy]?|3|5|6|7|md5|sha1|y|gy|sm3|sm3y)[$,]/;

const hashOptions: ReadonlySet<string> = new Set(
  Object.entries<Option<unknown>>(descriptionOptions).flatMap(([name, { type }]) =>
    type === passwordHash ? [name] : [],
  ),
);

/** Whether an option holds a password hash: one of the description, or one of the user's own that is called a hash. */
export function holdsHash(option: string): boolean {
  const name = canonical(option.toLowerCase());
  return hashOptions.has(name) || /(?:^|-)hash\d*(?:-|$)/.test(name);
}

/** Whether a value is the hash of a password whose dollar signs are written once each. */
export function isPlainHash(value: string): boolean {
  return prefix.test(value) && !value.includes('${');
}

/** Whether a value is the hash of a password, with single or doubled dollar signs. */
export function isHash(value: string): boolean {
  return isPlainHash(value.replaceAll('$$', '$'));
}
