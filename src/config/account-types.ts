import { userName, wordsMatching } from './description-types.js';
import { words, type OptionType } from './option-types.js';

/** Names of users to create, each once. */
export const userNames: OptionType<readonly string[]> = {
  metavar: 'USER…',
  parse(value) {
    const names = words.parse(value).map((name) => userName.parse(name));
    const doubled = names.find((name, index) => names.indexOf(name) !== index);
    if (doubled !== undefined) throw new Error(`each user once, and '${doubled}' stands there twice`);
    return names;
  },
};

/** Names of groups, as useradd(8) takes them. */
export const groupNames = wordsMatching(
  'GROUP…',
  /^[a-z_][a-z0-9_-]{0,31}$/,
  "names of groups separated by blanks, such as 'adm www-data'",
);

/** What stands in the comment field of passwd(5), which ends at a colon. */
export const fullName: OptionType<string> = {
  metavar: 'TEXT',
  parse(value) {
    if (/[:\p{Cc}]/u.test(value)) throw new Error('a name in one line, without a colon');
    return value;
  },
};

/** The login shell: an absolute path. */
export const shellPath: OptionType<string> = {
  metavar: 'FILE',
  parse(value) {
    if (!/^\/[\w./+-]+$/.test(value))
      throw new Error("the path of a shell, such as '/bin/bash' or '/usr/sbin/nologin'");
    return value;
  },
};

/** What a user may do by sudo(8): nothing; everything; or what rules say, which stand after the user's name in sudoers(5). */
export type Sudo = { readonly kind: 'none' | 'all' } | { readonly kind: 'rules'; readonly rules: readonly string[] };

/** `no`, `yes`, or rules of sudoers(5) without the user's name, one a line. */
export const sudo: OptionType<Sudo> = {
  metavar: 'RULE',
  parse(value) {
    const word = value.trim().toLowerCase();
    if (['', '0', 'no', 'false', 'off'].includes(word)) return { kind: 'none' };
    if (['1', 'yes', 'true', 'on'].includes(word)) return { kind: 'all' };
    const rules = value
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const wrong = rules.find((rule) => !/^[^=]+=.+$/.test(rule) || /\p{Cc}|\\$/u.test(rule));
    if (wrong !== undefined) {
      throw new Error(
        `yes, no, or rules of sudoers(5) without the user's name, such as 'ALL=(root) NOPASSWD: /usr/bin/systemctl', which '${wrong}' is not`,
      );
    }
    return { kind: 'rules', rules };
  },
};
